// A real client for tests of the proxy, on libnats: commands come as JSON lines on stdin, each is answered by
// one on stdout. tests/clients/ has the same in JavaScript and in Python; client_program.h says the commands.
// A program of its own, since libnats 3.4.1 can spin or abort in what the proxy does to it.
#include <nats/nats.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace {

using nlohmann::json;

struct Failure {
  natsStatus status;
};

void must(natsStatus status) {
  if (status != NATS_OK) throw Failure{status};
}

template <typename T, void (*Destroy)(T*)>
struct Handle {
  T* get = nullptr;
  Handle() = default;
  ~Handle() { Destroy(get); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

// What callbacks of libnats' threads report.
struct Seen {
  std::mutex mutex;
  int disconnects = 0;
  int reconnects = 0;
  std::vector<std::string> errors;
  std::vector<std::string> heard;
};

class Client {
 public:
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  json obey(const json& command) {
    const std::string what = command.at("do");
    if (what == "connect") return connect(command);
    if (what == "publish") return publish(command);
    if (what == "send") return send(command);
    if (what == "flush") return flush(command);
    if (what == "fetch") return fetch(command);
    if (what == "ask") return ask(command);
    if (what == "serve") return serve(command);
    if (what == "listen") return listen(command);
    if (what == "heard") return heard();
    if (what == "state") return state();
    return {{"error", "unknown command " + what}};
  }

 private:
  json connect(const json& command) {
    Handle<natsOptions, natsOptions_Destroy> options;
    must(natsOptions_Create(&options.get));
    must(natsOptions_SetURL(options.get, command.at("url").get<std::string>().c_str()));
    must(natsOptions_SetName(options.get, command.value("name", std::string("libnats")).c_str()));
    must(natsOptions_SetPingInterval(options.get, command.value("ping_ms", 120'000)));
    must(natsOptions_SetMaxPingsOut(options.get, 2));
    must(natsOptions_SetMaxReconnect(options.get, -1));
    must(natsOptions_SetReconnectWait(options.get, 20));
    must(natsOptions_SetReconnectJitter(options.get, 0, 0));
    must(natsOptions_SetSendAsap(options.get, true));
    if (command.contains("ca")) {
      must(natsOptions_SetSecure(options.get, true));
      must(natsOptions_LoadCATrustedCertificates(options.get, command.at("ca").get<std::string>().c_str()));
    }
    must(natsOptions_SetDisconnectedCB(
        options.get,
        [](natsConnection*, void* closure) {
          auto* seen = static_cast<Seen*>(closure);
          const std::lock_guard lock(seen->mutex);
          ++seen->disconnects;
        },
        &seen_));
    must(natsOptions_SetReconnectedCB(
        options.get,
        [](natsConnection*, void* closure) {
          auto* seen = static_cast<Seen*>(closure);
          const std::lock_guard lock(seen->mutex);
          ++seen->reconnects;
        },
        &seen_));
    must(natsOptions_SetErrorHandler(
        options.get,
        [](natsConnection* connection, natsSubscription*, natsStatus status, void* closure) {
          const char* last = nullptr;
          natsConnection_GetLastError(connection, &last);
          auto* seen = static_cast<Seen*>(closure);
          const std::lock_guard lock(seen->mutex);
          seen->errors.emplace_back(last != nullptr && *last != 0 ? last : natsStatus_GetText(status));
        },
        &seen_));
    must(natsConnection_Connect(&connection_, options.get));
    must(natsConnection_JetStream(&jetstream_, connection_, nullptr));
    return json::object();
  }

  json publish(const json& command) {
    const std::string payload = command.value("payload", std::string());
    const std::string id = command.value("id", std::string());
    jsPubOptions options;
    must(jsPubOptions_Init(&options));
    options.MaxWait = command.value("timeout_ms", 2000);
    if (!id.empty()) options.MsgId = id.c_str();
    Handle<jsPubAck, jsPubAck_Destroy> ack;
    must(js_Publish(&ack.get, jetstream_, command.at("subject").get<std::string>().c_str(), payload.data(),
                    static_cast<int>(payload.size()), &options, nullptr));
    return {{"seq", ack.get->Sequence}, {"duplicate", ack.get->Duplicate}};
  }

  json send(const json& command) {
    const std::string payload = command.value("payload", std::string());
    must(natsConnection_Publish(connection_, command.at("subject").get<std::string>().c_str(), payload.data(),
                                static_cast<int>(payload.size())));
    return json::object();
  }

  json flush(const json& command) {
    must(natsConnection_FlushTimeout(connection_, command.value("timeout_ms", 2000)));
    return json::object();
  }

  json fetch(const json& command) {
    const std::string stream = command.at("stream");
    const std::string consumer = command.at("consumer");
    natsSubscription*& subscription = pulls_[stream + "/" + consumer];
    if (subscription == nullptr) {
      jsSubOptions options;
      must(jsSubOptions_Init(&options));
      options.Stream = stream.c_str();
      options.Consumer = consumer.c_str();
      options.ManualAck = true;
      must(
          js_PullSubscribe(&subscription, jetstream_, nullptr, consumer.c_str(), nullptr, &options, nullptr));
    }
    json messages = json::array();
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(command.value("timeout_ms", 2000));
    while (messages.size() < command.value("count", std::size_t{1})) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now())
              .count();
      if (left <= 0) break;
      natsMsgList list{};
      // One at a time: 3.4.1 writes beyond its list when more are left over than it asked for.
      const natsStatus status = natsSubscription_Fetch(&list, subscription, 1, left, nullptr);
      if (status == NATS_TIMEOUT) break;
      must(status);
      for (int i = 0; i < list.Count; ++i) {
        jsMsgMetaData* about = nullptr;
        must(natsMsg_GetMetaData(&about, list.Msgs[i]));
        messages.push_back(
            {{"payload", std::string(natsMsg_GetData(list.Msgs[i]),
                                     static_cast<std::size_t>(natsMsg_GetDataLength(list.Msgs[i])))},
             {"seq", about->Sequence.Stream},
             {"delivered", about->NumDelivered}});
        jsMsgMetaData_Destroy(about);
        if (command.value("ack", true)) natsMsg_Ack(list.Msgs[i], nullptr);
        if (command.value("keep", false)) kept_ = std::exchange(list.Msgs[i], nullptr);
      }
      natsMsgList_Destroy(&list);
    }
    return {{"messages", std::move(messages)}};
  }

  // One message after the other: its effect is published to `out`, under its id, and it is acked before that
  // or after. Never answers.
  json serve(const json& command) {
    const bool acks_first = command.value("acks_first", false);
    while (true) try {
        const json came = fetch({{"stream", command.at("stream")},
                                 {"consumer", command.at("consumer")},
                                 {"timeout_ms", 100},
                                 {"ack", acks_first},
                                 {"keep", !acks_first}});
        for (const json& message : came.at("messages")) {
          const std::string payload = message.at("payload");
          publish({{"subject", command.at("out")}, {"payload", payload}, {"id", payload}});
          if (!acks_first) {
            must(natsMsg_Ack(kept_, nullptr));
            natsMsg_Destroy(kept_);
            kept_ = nullptr;
          }
        }
      } catch (const Failure&) {  // it comes again
      }
  }

  json ask(const json& command) {
    const std::string payload = command.value("payload", std::string());
    Handle<natsMsg, natsMsg_Destroy> answer;
    must(natsConnection_Request(&answer.get, connection_, command.at("subject").get<std::string>().c_str(),
                                payload.data(), static_cast<int>(payload.size()),
                                command.value("timeout_ms", 2000)));
    return {{"answer", std::string(natsMsg_GetData(answer.get),
                                   static_cast<std::size_t>(natsMsg_GetDataLength(answer.get)))}};
  }

  json listen(const json& command) {
    natsSubscription* subscription = nullptr;
    must(natsConnection_Subscribe(
        &subscription, connection_, command.at("subject").get<std::string>().c_str(),
        [](natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
          auto* seen = static_cast<Seen*>(closure);
          {
            const std::lock_guard lock(seen->mutex);
            seen->heard.emplace_back(natsMsg_GetData(message),
                                     static_cast<std::size_t>(natsMsg_GetDataLength(message)));
          }
          natsMsg_Destroy(message);
        },
        &seen_));
    must(natsConnection_FlushTimeout(connection_, 2000));
    return json::object();
  }

  json heard() {
    const std::lock_guard lock(seen_.mutex);
    return {{"payloads", seen_.heard}};
  }

  json state() {
    char url[256] = "";
    natsConnection_GetConnectedUrl(connection_, url, sizeof url);
    char** known = nullptr;
    int count = 0;
    json servers = json::array();
    if (natsConnection_GetServers(connection_, &known, &count) == NATS_OK) {
      for (int i = 0; i < count; ++i) {
        servers.push_back(known[i]);
        free(known[i]);
      }
      free(known);
    }
    const natsConnStatus status = natsConnection_Status(connection_);
    const std::lock_guard lock(seen_.mutex);
    return {{"connected", status == NATS_CONN_STATUS_CONNECTED},
            {"closed", status == NATS_CONN_STATUS_CLOSED},
            {"disconnects", seen_.disconnects},
            {"reconnects", seen_.reconnects},
            {"errors", seen_.errors},
            {"server", url},
            {"servers", servers}};
  }

  Seen seen_;
  natsMsg* kept_ = nullptr;
  natsConnection* connection_ = nullptr;
  jsCtx* jetstream_ = nullptr;
  std::map<std::string, natsSubscription*> pulls_;
};

}  // namespace

int main() {
  // Never destroyed: libnats' threads may still report, and the process ends anyway.
  auto* client = new Client;
  for (std::string line; std::getline(std::cin, line);) {
    json answer;
    try {
      answer = client->obey(json::parse(line));
    } catch (const Failure& failure) {
      answer = {{"error", natsStatus_GetText(failure.status)}};
    } catch (const std::exception& wrong) {
      answer = {{"error", wrong.what()}};
    }
    // What a fault has made of a payload may be no text.
    std::cout << answer.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
  }
  std::_Exit(0);
}

#include "base/asio_run.h"

#include <pthread.h>

namespace squall::base {

ControlThread::ControlThread(std::string name) : work_(io_.get_executor()), thread_([this] { io_.run(); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

ControlThread::~ControlThread() {
  io_.stop();
  thread_.join();
}

}  // namespace squall::base

// What Squall and its watchdog say to each other: one byte each way on a socket, and an exit code.
#pragma once

namespace squall::inject {

inline constexpr const char* kWatchdogWord = "watchdog";  // argv[1]: watchdog JOURNAL CONTROL_FD
// Stands in the environment of a program that is started to be a watchdog, until it is one. A program that
// starts a watchdog of its own meanwhile has not understood the word, and would start itself without end.
inline constexpr const char* kWatchdogMark = "SQUALL_BECOMES_A_WATCHDOG";
inline constexpr char kReady = 'R';
inline constexpr char kRunEnded = 'E';

inline constexpr int kAllHealed = 0;
inline constexpr int kSomethingLeft = 4;  // as squall's own exit code
inline constexpr int kWrongUse = 2;

}  // namespace squall::inject

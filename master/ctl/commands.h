// pgringctl's commands. Each returns the exit code; Unreachable is left to main().
#pragma once

#include "master/ctl/connection.h"
#include "master/ctl/options.h"

namespace pgring::ctl {

inline constexpr int kOk = 0;
inline constexpr int kWarning = 1;
inline constexpr int kCritical = 2;
inline constexpr int kUsage = 3;

int run_status(const Options& options, Connection& connection);
int run_top(const Options& options, Connection& connection);
int run_show(const Options& options, Connection& connection);
// reload, pause, resume.
int run_simple(const Options& options, Connection& connection);
int run_stop(const Options& options, Connection& connection);
int run_doctor(const Options& options);

}  // namespace pgring::ctl

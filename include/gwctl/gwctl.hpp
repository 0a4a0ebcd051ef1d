/// Everything an author of a controller needs, from core to runtime. The kinds of `api/`, `gateway/` and
/// `testing/` are included by name.
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/client/client.hpp>
#include <gwctl/client/config.hpp>
#include <gwctl/core/backoff.hpp>
#include <gwctl/core/clock.hpp>
#include <gwctl/core/error.hpp>
#include <gwctl/core/log.hpp>
#include <gwctl/core/secrets.hpp>
#include <gwctl/core/task.hpp>
#include <gwctl/core/time.hpp>
#include <gwctl/runtime/manager.hpp>

#include "token.hpp"

#include <gwctl/core/log.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace gwctl::detail {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string trim(const std::string& text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace

token_source::token_source(std::string text, std::string file) : token_(trim(text)), file_(std::move(file)) {}

result<void> token_source::load(steady_time now) {
    if (file_.empty())
        return {};
    const auto done = read(now);
    if (done.has_value() || token_.empty())
        return done;
    log::warn("the token file cannot be read; using the token that was given beside it until it can",
              {{"error", done.error().message}});
    told_ = true;
    return {};
}

const std::string& token_source::current(steady_time now) {
    if (!file_.empty() && now - read_at_ >= max_age)
        if (const auto done = read(now); done.has_error() && !std::exchange(told_, true))
            log::warn("the token cannot be read again; keeping the old one",
                      {{"error", done.error().message}});
    return token_;
}

bool token_source::replaced(const std::string& used, steady_time now) {
    // Another request may have read it since `used` was sent.
    if (token_ == used && !file_.empty())
        static_cast<void>(read(now)); // a failure leaves the token as it is
    return token_ != used;
}

result<void> token_source::read(steady_time now) {
    read_at_ = now;
    std::ifstream in(file_, std::ios::binary);
    if (!in)
        return error{errc::config,
                     fmt::format("token file {}: cannot read it: {}", file_, std::strerror(errno))};
    std::string fresh = trim(std::string(std::istreambuf_iterator<char>(in), {}));
    if (fresh.empty())
        return error{errc::config, fmt::format("token file {}: expected a token, the file is empty", file_)};
    token_ = std::move(fresh);
    told_ = false;
    return {};
}

} // namespace gwctl::detail

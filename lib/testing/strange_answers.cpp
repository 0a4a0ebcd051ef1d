#include "strange_answers.hpp"

#include "rest.hpp"
#include "status.hpp"

#include <array>

namespace gwctl::testing::detail {
namespace {

http_response page(int code, std::string type, std::string body) {
    http_response r;
    r.code = code;
    r.content_type = std::move(type);
    r.body = std::move(body);
    return r;
}

http_response busy(int code, const char* reason, std::uint32_t dice) {
    const int seconds = 1 + static_cast<int>(dice / 64 % 3);
    json::object details;
    details["retryAfterSeconds"] = seconds;
    status_error e(code, reason, "simulated: the server cannot answer now", std::move(details));
    e.retry_after = seconds;
    return answer(e);
}

} // namespace

http_response server_error(std::uint32_t dice, bool writes, bool lists) {
    switch (dice % 6) {
    case 0:
        if (writes)
            return answer(status_error(409, "Conflict", "simulated: the object has been modified"));
        return busy(429, "TooManyRequests", dice);
    case 1:
        if (lists)
            return answer(expired("simulated: too old resource version"));
        return busy(503, "ServiceUnavailable", dice);
    case 2:
        return busy(429, "TooManyRequests", dice);
    case 3:
        return busy(503, "ServiceUnavailable", dice);
    case 4:
        return answer(status_error(504, "Timeout", "simulated: the server did not answer in time"));
    default:
        return answer(status_error(500, "InternalError", "simulated: internal error"));
    }
}

bool may_have_taken_effect(const http_response& refusal) {
    return refusal.code == 500 || refusal.code == 504;
}

http_response strange_answer(std::uint32_t dice) {
    switch (dice % 7) {
    case 0:
        return page(200, "text/html", "<html><body>Please log in</body></html>");
    case 1:
        return page(200, "application/json", "{}");
    case 2:
        return page(200, "application/json", "");
    case 3:
        return page(
            200, "application/json",
            R"({"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]})");
    case 4:
        return page(404, "text/plain; charset=utf-8", "404 page not found\n");
    case 5:
        return page(404, "text/html", "<html><body>Not Found</body></html>");
    default:
        return page(502, "text/html", "<html><body>Bad Gateway</body></html>");
    }
}

} // namespace gwctl::testing::detail

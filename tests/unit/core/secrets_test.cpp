#include <gwctl/core/log.hpp>
#include <gwctl/core/secrets.hpp>

#include <string>
#include <support/catch.hpp>
#include <utility>
#include <vector>

using gwctl::keep_secret;
using gwctl::shown_url;
using gwctl::without_secrets;

using texts = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("user and password of a URL are not shown") {
    for (const auto& [text, shown] : texts{
             {"got \"http://joe:s3cr3t@example.com:6443/x\"", "got \"http://***@example.com:6443/x\""},
             {"https://joe@example.com and https://b:c@d", "https://***@example.com and https://***@d"},
             {"https://joe:s3/cr@et?x#y@example.com", "https://***@example.com"},
             {"https://joe:s3/cret@example.com", "https://***@example.com"},
             {"socks5://:pw@h", "socks5://***@h"},
             {"https://[::1]:6443/a@b", "https://[::1]:6443/a@b"},
             {"docker://example.com/image@sha256:0", "docker://example.com/image@sha256:0"},
             {"https://example.com:6443: mail joe@example.com",
              "https://example.com:6443: mail joe@example.com"},
         }) {
        INFO(text);
        CHECK(without_secrets(text) == shown);
    }
}

TEST_CASE("tokens are not shown, however they are quoted") {
    for (const auto& [text, shown] : texts{
             {"Authorization: Bearer abc.def Host: h", "Authorization: Bearer *** Host: h"},
             {"authorization: Basic am9lOnB3", "authorization: Basic ***"},
             {R"({"Authorization":["Bearer abc"],"Host":"h"})",
              R"({"Authorization":["Bearer ***"],"Host":"h"})"},
             {R"({"authorization": "abc"})", R"({"authorization": "***"})"},
             {"x=Bearer%20abc&y=1", "x=Bearer%20***"},
             {"BEARER abc", "BEARER ***"},
             {"the bearer token contains blanks", "the bearer token contains blanks"},
             {"subjectaccessreviews.authorization.k8s.io is forbidden",
              "subjectaccessreviews.authorization.k8s.io is forbidden"},
             {"got eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln, expected", "got ***, expected"},
             {"keyJob.x", "keyJob.x"},
             {"/cb?code=abc&state=xyz&continue=c&limit=5", "/cb?code=***&state=***&continue=c&limit=5"},
             {"access_token=abc;id-token=def client_secret=ghi",
              "access_token=***;id-token=*** client_secret=***"},
             {R"({"token":"abc","password": "def","clientSecret":"a\nb","token":5})",
              R"({"token":"***","password": "***","clientSecret":"***","token":5})"},
             {"secrets \"x\" is forbidden; user \"dev\": token: expected a string",
              "secrets \"x\" is forbidden; user \"dev\": token: expected a string"},
             {"", ""},
         }) {
        INFO(text);
        CHECK(without_secrets(text) == shown);
    }
}

TEST_CASE("a value that is kept secret is shown nowhere") {
    keep_secret("swordfish-1");
    keep_secret("short");
    CHECK(without_secrets("aswordfish-1b, swordfish-1 and short") == "a***b, *** and short");
}

TEST_CASE("of a URL that is refused only what helps is shown") {
    for (const auto& [url, shown] : texts{
             {"https://example.com:6443/prefix", "https://example.com:6443/prefix"},
             {"http://joe:p w\"@x@example.com:80", "http://***@example.com:80"},
             {"joe:pw@example.com:6443", "***@example.com:6443"},
             {"https://example.com/login?next=%2Fapi&nonce=1", "https://example.com/login?***"},
             {"/login#frag", "/login#***"},
             {"", ""},
         }) {
        INFO(url);
        CHECK(shown_url(url) == shown);
    }
}

TEST_CASE("no log line has a secret, in its message or in its fields") {
    std::string line;
    gwctl::log::redirect([&](const gwctl::log::record& r) {
        line = r.message;
        for (const auto& f : r.fields)
            line += " " + f.key + "=" + f.value;
    });
    gwctl::log::warn("Bearer abc", {{"error", "http://joe:pw@h refused"}});
    gwctl::log::redirect({});
    CHECK(line == "Bearer *** error=http://***@h refused");
}

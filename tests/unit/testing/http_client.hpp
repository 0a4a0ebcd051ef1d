// A blocking HTTP/1.1 client, as plain as a test can read it.
#pragma once

#include <gwctl/json/value.hpp>
#include <gwctl/testing/api_server.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <map>
#include <string>

namespace gwctl::testing {

struct http_answer {
    int code = 0;
    std::map<std::string, std::string> headers;
    std::string body;

    json::value json() const { return boost::json::parse(body); }
    std::string reason() const { return std::string(json().at("reason").as_string()); }
    std::string message() const { return std::string(json().at("message").as_string()); }
};

class http_client {
public:
    explicit http_client(const api_server& s) : stream_("127.0.0.1", std::to_string(s.port())) {
        stream_.expires_after(std::chrono::seconds(20));
    }

    http_answer send(const std::string& method, const std::string& target, const std::string& body = {},
                     const std::string& type = "application/json",
                     const std::string& accept = "application/json") {
        request(method, target, body, type, accept);
        auto a = head();
        if (auto n = a.headers.find("content-length"); n != a.headers.end() && method != "HEAD") {
            a.body.resize(std::stoul(n->second));
            stream_.read(a.body.data(), static_cast<std::streamsize>(a.body.size()));
        }
        return a;
    }
    http_answer get(const std::string& target, const std::string& accept = "application/json") {
        return send("GET", target, "", "", accept);
    }
    http_answer post(const std::string& target, const std::string& body) {
        return send("POST", target, body);
    }
    http_answer put(const std::string& target, const json::value& body) {
        return send("PUT", target, boost::json::serialize(body));
    }
    http_answer patch(const std::string& target, const std::string& kind, const std::string& body) {
        return send("PATCH", target, body, "application/" + kind);
    }
    http_answer apply(const std::string& target, const std::string& body, const std::string& manager = "m") {
        return send("PATCH", target + "?fieldManager=" + manager, body, "application/apply-patch+yaml");
    }
    http_answer remove(const std::string& target, const std::string& body = {}) {
        return send("DELETE", target, body);
    }

    /// Starts a watch; `next` reads its frames.
    http_answer watch(const std::string& target, const std::string& accept = "application/json") {
        request("GET", target, "", "", accept);
        return head();
    }
    /// "" when the stream has ended.
    std::string next_line() {
        while (buffered_.find('\n') == std::string::npos) {
            std::string size;
            if (!std::getline(stream_, size))
                return {};
            const auto n = std::stoul(size, nullptr, 16);
            std::string chunk(n, '\0');
            stream_.read(chunk.data(), static_cast<std::streamsize>(n));
            std::getline(stream_, size);
            if (n == 0)
                return {};
            buffered_ += chunk;
        }
        const auto line = buffered_.substr(0, buffered_.find('\n'));
        buffered_.erase(0, line.size() + 1);
        return line;
    }
    json::value next() { return boost::json::parse(next_line()); }
    /// "ADDED name".
    std::string next_event() {
        const auto line = next_line();
        if (line.empty())
            return "end";
        const auto e = boost::json::parse(line);
        std::string out(e.at("type").as_string());
        if (const auto* name = e.at("object").at("metadata").as_object().if_contains("name"))
            out += " " + std::string(name->as_string());
        return out;
    }

    /// Bytes as they are.
    void raw(const std::string& bytes) {
        stream_ << bytes;
        stream_.flush();
    }
    http_answer head() {
        http_answer a;
        std::string line;
        std::getline(stream_, line);
        if (line.size() > 12)
            a.code = std::stoi(line.substr(9, 3));
        while (std::getline(stream_, line) && line.size() > 1) {
            const auto colon = line.find(':');
            std::string name = line.substr(0, colon);
            for (auto& c : name)
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            a.headers[name] = line.substr(colon + 2, line.size() - colon - 3);
        }
        return a;
    }
    boost::asio::ip::tcp::iostream& stream() { return stream_; }

private:
    void request(const std::string& method, const std::string& target, const std::string& body,
                 const std::string& type, const std::string& accept) {
        stream_ << method << " " << target
                << " HTTP/1.1\r\nHost: x\r\nUser-Agent: unit-test/1.0\r\nAccept: " << accept << "\r\n";
        if (!type.empty())
            stream_ << "Content-Type: " << type << "\r\n";
        stream_ << "Content-Length: " << body.size() << "\r\n\r\n" << body;
        stream_.flush();
    }

    boost::asio::ip::tcp::iostream stream_;
    std::string buffered_;
};

} // namespace gwctl::testing

/// Files for a test.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <support/catch.hpp>

namespace gwctl::test {

/// A directory that is gone at the end of the test.
class scratch {
public:
    scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "gwctl-test-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~scratch() { std::filesystem::remove_all(path_); }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;

    /// The name of the file.
    std::string write(const std::string& name, const std::string& content) const {
        const std::filesystem::path file = path_ / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << content;
        return file.string();
    }
    std::string read(const std::string& name) const {
        std::ifstream in(path_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

} // namespace gwctl::test

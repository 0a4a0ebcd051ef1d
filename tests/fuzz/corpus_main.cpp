// Runs a fuzzer's corpus without libFuzzer: fuzz-TARGET FOLDER|FILE... The last line is "N passed, 0 failed"; a rule that
// does not hold ends the program, and the name of the file is the last but the rule on standard error.
#include "fuzz.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

int main(int count, char** arguments) {
    std::vector<std::filesystem::path> files;
    for (int i = 1; i < count; ++i) {
        if (!std::filesystem::is_directory(arguments[i]))
            files.emplace_back(arguments[i]);
        else
            for (const auto& entry : std::filesystem::directory_iterator(arguments[i]))
                files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        std::fprintf(stderr, "%s\n", file.c_str());
        std::ifstream in(file, std::ios::binary);
        const std::string text(std::istreambuf_iterator<char>(in), {});
        if (!in) {
            std::fprintf(stderr, "cannot read it\n");
            return 1;
        }
        const gwctl::fuzz::exact input(text);
        const std::string_view bytes = input;
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    std::printf("%zu passed, %d failed\n", files.size(), files.empty() ? 1 : 0);
    return files.empty() ? 1 : 0;
}

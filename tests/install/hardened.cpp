// Built with what every file of the library is built with; tests/install/hardening_test looks at the result.
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

// What the optimiser must not see through.
int volatile beyond = 7;

} // namespace

// Copies as many bytes into an array as it is told: _FORTIFY_SOURCE knows the array's size, the stack protector guards
// what lies behind.
int main(int argc, char** argv) {
    char small[8] = {};
    const std::vector<int> three(3);
    const char* const word = argc > 1 ? argv[1] : "";
    if (std::strcmp(word, "index") == 0)
        return three[static_cast<std::size_t>(beyond)];
    std::strcpy(small, word);
    std::puts(small);
    return 0;
}

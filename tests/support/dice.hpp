/// Random choices that a seed repeats.
#pragma once

#include <initializer_list>
#include <random>
#include <string>

namespace gwctl::tests {

class dice {
public:
    explicit dice(unsigned seed) : engine(seed) {}
    int roll(int sides) { return std::uniform_int_distribution<int>(0, sides - 1)(engine); }
    bool chance(int percent) { return roll(100) < percent; }
    std::string pick(std::initializer_list<const char*> of) {
        return *(of.begin() + roll(static_cast<int>(of.size())));
    }
    std::mt19937 engine;
};

} // namespace gwctl::tests

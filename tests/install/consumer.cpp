// A user's first program: the umbrella header, and something that is linked.
#include <gwctl/gwctl.hpp>

#include <iostream>

int main() { std::cout << gwctl::to_string(gwctl::errc::not_found) << '\n'; }

// The main() of every test program. Catch2 v3 brings its own (catch2-with-main); v2 generates it here.
#if !__has_include(<catch2/catch_test_macros.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

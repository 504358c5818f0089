#include "core/constant_time.hpp"

#include <openssl/crypto.h>

namespace mooring::core {

bool constant_time_equal(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace mooring::core

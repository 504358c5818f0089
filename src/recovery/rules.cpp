#include "recovery/rules.hpp"

#ifdef MOORING_BREAKABLE

namespace mooring::recovery {

Rule broken_rule = Rule::none;

}  // namespace mooring::recovery

#endif

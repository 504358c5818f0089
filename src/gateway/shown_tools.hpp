#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "gateway/contribution.hpp"

namespace mooring::gateway {

using Items = std::vector<const upstream::CatalogueItem*>;
/// Definitions that differ from the catalogue's, or stand in none.
using MadeItems = std::deque<upstream::CatalogueItem>;

Items pointers(const std::vector<upstream::CatalogueItem>& items);
bool filters(const ToolFilter& filter);
/// The tools that an upstream shows, under its own names: those that pass the filter, normalized
/// where that is wanted, then the utility tools. Points into the catalogue and into `made`.
Items shown_tools(const Contribution& contribution, MadeItems& made);

}  // namespace mooring::gateway

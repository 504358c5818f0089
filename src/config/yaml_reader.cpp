#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "config/document.hpp"

namespace mooring::config {
namespace {

Position position(const YAML::Mark& mark) {
  // A null mark is negative.
  auto count = [](int from_zero) {
    return from_zero < 0 ? 1U : static_cast<std::uint32_t>(from_zero) + 1U;
  };
  return {count(mark.line), count(mark.column), 0};
}

bool is_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool digits = text.find_first_of("0123456789") != std::string_view::npos;
  return digits && code == std::errc() && end == text.data() + text.size();
}

Node::Kind resolve(std::string_view tag, std::string_view text) {
  if (tag != "?" && !tag.empty()) return Node::Kind::string;  // quoted, or !!str and the like
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return Node::Kind::null;
  }
  if (text == "true" || text == "false") return Node::Kind::boolean;
  return is_number(text) ? Node::Kind::number : Node::Kind::string;
}

/// Builds nodes from yaml-cpp's events rather than from its tree: the tree accepts repeated keys
/// and shares aliased nodes, so that a few lines can stand for billions of values. Problems leave
/// as exceptions, since they pass through yaml-cpp.
class Builder : public YAML::EventHandler {
 public:
  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw Problem{position(mark), "the file holds more than one YAML document"};
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    scalar(mark, "?", anchor, {});
  }
  void OnScalar(
      const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
      const std::string& value
  ) override {
    check_tag(mark, tag);
    scalar(mark, tag, anchor, value);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) throw Problem{position(mark), "this alias stands inside itself"};
    charge(mark, it->second.nodes);
    add(mark, Node(it->second.node), true);
  }
  void OnSequenceStart(
      const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
      YAML::EmitterStyle::value
  ) override {
    open(mark, tag, anchor, Node::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(
      const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
      YAML::EmitterStyle::value
  ) override {
    open(mark, tag, anchor, Node::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::size_t nodes_before = 0;
    bool has_key = false;  ///< of a map: the last member waits for its value
    std::unordered_map<std::string, std::uint32_t> seen;
    std::vector<Node> merged;  ///< values of `<<`
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 1;
  };

  static void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    throw Problem{position(mark), fmt::format("the tag {} is not supported", shown(tag))};
  }

  void charge(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > max_nodes) {
      throw Problem{position(mark), "the file holds more than 100000 values, aliases expanded"};
    }
  }

  void scalar(
      const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, std::string value
  ) {
    charge(mark, 1);
    Node node;
    node.at = position(mark);
    node.kind = resolve(tag, value);
    if (node.kind != Node::Kind::null) node.text = std::move(value);
    remember(anchor, node, 1);
    add(mark, std::move(node), tag == "?" || tag.empty());
  }

  void open(
      const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind
  ) {
    check_tag(mark, tag);
    if (stack_.size() >= static_cast<std::size_t>(max_depth)) {
      throw Problem{position(mark), "values are nested more than 64 deep"};
    }
    Frame& frame = stack_.emplace_back();
    frame.node.kind = kind;
    frame.node.at = position(mark);
    frame.anchor = anchor;
    frame.nodes_before = nodes_;
    charge(mark, 1);
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    for (Node& source : frame.merged) {
      for (Member& member : source.members) {
        if (frame.seen.emplace(member.key, member.at.line).second) {
          frame.node.members.push_back(std::move(member));
        }
      }
    }
    remember(frame.anchor, frame.node, nodes_ - frame.nodes_before);
    YAML::Mark mark;
    mark.line = static_cast<int>(frame.node.at.line) - 1;
    mark.column = static_cast<int>(frame.node.at.column) - 1;
    add(mark, std::move(frame.node), false);
  }

  void remember(YAML::anchor_t anchor, const Node& node, std::size_t nodes) {
    if (anchor == YAML::NullAnchor) return;
    nodes_ += nodes;  // the copy takes memory too
    anchors_.insert_or_assign(anchor, Anchored{node, nodes});
  }

  /// Puts a finished node where it belongs: document, list, key or value.
  void add(const YAML::Mark& mark, Node node, bool plain) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.kind == Node::Kind::list) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.has_key) {
      frame.has_key = false;
      set_value(frame, std::move(node));
    } else {
      set_key(frame, position(mark), std::move(node), plain);
    }
  }

  void set_key(Frame& frame, Position at, Node node, bool plain) {
    if (!node.is_scalar() && node.kind != Node::Kind::null) {
      throw Problem{at, fmt::format("a key has to be plain text, not {}", describe(node))};
    }
    if (node.kind == Node::Kind::null) node.text = "null";
    const bool merge = plain && node.text == "<<";
    const auto [first, fresh] = frame.seen.emplace(node.text, at.line);
    if (!fresh && !merge) {
      throw Problem{
          at, fmt::format("key {} is repeated (first on line {})", shown(node.text), first->second)
      };
    }
    frame.has_key = true;
    if (merge) frame.seen.erase(first);
    frame.node.members.push_back({merge ? merge_marker : std::move(node.text), at, {}});
  }

  void set_value(Frame& frame, Node node) {
    if (frame.node.members.back().key != merge_marker) {
      frame.node.members.back().value = std::move(node);
      return;
    }
    const Position at = frame.node.members.back().at;
    frame.node.members.pop_back();
    std::vector<Node> sources;
    if (node.kind == Node::Kind::list) {
      sources = std::move(node.items);
    } else {
      sources.push_back(std::move(node));
    }
    for (Node& source : sources) {
      if (source.kind != Node::Kind::map) throw Problem{at, "<< takes a map, or a list of maps"};
      frame.merged.push_back(std::move(source));
    }
  }

  // No key of the file can hold a NUL: parse_document refused those.
  inline static const std::string merge_marker{"\0<<", 3};

  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  Node root_;
  std::size_t nodes_ = 0;
  bool started_ = false;
};

}  // namespace

std::expected<Node, Problem> read_yaml(std::string_view text) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take_root();
  } catch (Problem& problem) {
    return std::unexpected(std::move(problem));
  } catch (const YAML::Exception& error) {
    return std::unexpected(Problem{position(error.mark), "not valid YAML: " + error.msg});
  } catch (const std::exception& error) {
    return std::unexpected(Problem{{}, fmt::format("not valid YAML: {}", error.what())});
  }
}

}  // namespace mooring::config

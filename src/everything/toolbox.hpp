#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/asio.hpp"

namespace mooring::everything {

class ToolCall;

/// Runs a call and returns the raw result object.
using ToolHandler = awaitable<std::string> (*)(ToolCall&);

struct Tool {
  std::string name;
  std::string definition;  ///< raw JSON, as tools/list shows it
  ToolHandler run;
  bool task_only = false;  ///< for modern clients that take tasks
};

/// The tools in the order in which they are listed.
class Toolbox {
 public:
  /// `annotations`, `input` and `output` are raw JSON; empty ones are left out (`input`: no
  /// arguments). The reference holds until the next change.
  Tool& add(
      std::string_view name, std::string_view description, std::string_view annotations,
      ToolHandler run, std::string_view input = {}, std::string_view output = {}
  );
  /// A tool that only says its name.
  void add_dummy(std::string_view name);
  bool remove(std::string_view name);
  const Tool* find(std::string_view name) const;
  /// Of all, or without those that are `task_only`.
  std::vector<std::string_view> definitions(bool with_task_only) const;

 private:
  std::vector<Tool> tools_;
};

void add_contract_tools(Toolbox& tools);  ///< what the conformance suite calls (contract_tools.cpp)
void add_client_tools(Toolbox& tools);  ///< those that ask the client something (client_tools.cpp)
void add_input_tools(Toolbox& tools);   ///< the same for the modern era (input_tools.cpp)
void add_task_tools(Toolbox& tools);    ///< those that go on as tasks (task_tools.cpp)
void add_asking_prompts(Toolbox& prompts);  ///< prompts that ask the client first (likewise)
void add_test_tools(Toolbox& tools);        ///< for tests of gateways and agents (test_tools.cpp)

}  // namespace mooring::everything

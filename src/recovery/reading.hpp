#pragma once

#include <string>

#include "recovery/answer_body.hpp"
#include "recovery/failure.hpp"
#include "recovery/wording.hpp"

namespace mooring::recovery {

/// A failure read once: what its body, its challenge and its words say. The rules ask it questions
/// and look at no text themselves.
class Reading {
 public:
  explicit Reading(const Failure& failure);

  const AnswerBody& body() const { return body_; }
  const Wording& wording() const { return wording_; }
  bool bare() const { return bare_; }                  ///< nothing is known but a sentence
  bool challenged() const { return challenged_; }      ///< WWW-Authenticate came with it
  bool scope_wanted() const { return scope_wanted_; }  ///< insufficient_scope

  bool has_session() const;  ///< the request travelled on a session
  bool may_rebuild() const;  ///< and a new one could help
  bool successful() const;   ///< HTTP says 2xx

  bool says_lost() const;             ///< in a sentence that is about nothing but a session
  bool says_not_initialized() const;  ///< likewise
  bool mentions_lost() const;         ///< in words, among others
  bool speaks_of_rates() const;
  bool speaks_of_cancelling() const;
  bool speaks_of_breaking() const;     ///< connections and timeouts, here or behind the server
  bool speaks_of_credentials() const;  ///< "401 Unauthorized" as a bare sentence
  /// Python's servers answer so before `initialize`, and to wrong arguments.
  bool is_gate_of_python() const;
  bool holds(std::string_view words) const { return folded_.find(words) != std::string::npos; }

 private:
  void weigh(const std::string& message);

  const Failure& failure_;
  AnswerBody body_;
  Wording wording_;
  std::string folded_;  ///< every message in lower case, one a line
  bool bare_ = false;
  bool challenged_ = false;
  bool scope_wanted_ = false;
  bool foreign_ = false;  ///< speaks of a login
};

/// The value of a header, whatever the case of its name; empty without one.
std::string_view header(const Failure& failure, std::string_view lower_case_name);

}  // namespace mooring::recovery

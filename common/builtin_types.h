// The built-in types and operators that an independent statement may name. A type of a user's may
// be a domain whose check calls a function, or have a cast that does; an operator of a user's is a
// function.
#pragma once

#include <string_view>

#include "common/word_table.h"

namespace pgring {

// The first word of a type's name, as it is written unquoted ("double" for double precision).
bool is_builtin_type(const FoldedWord& word);

// One of the words that may follow in such a name ("precision").
bool continues_type(const FoldedWord& word);

bool is_builtin_operator(std::string_view name);

}  // namespace pgring

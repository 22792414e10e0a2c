// Bytes of any kind in JSON and in labels.
#include "common/text_escape.h"

#include <doctest/doctest.h>

using namespace pgring;

TEST_CASE("json text: always valid UTF-8, always one string") {
  CHECK(json_text("plain \xc3\xa9") == "\"plain \xc3\xa9\"");
  CHECK(json_text("\"\\\n\x7f") == R"("\"\\\u000a\u007f")");
  CHECK(json_text("a\xff\xc3") == R"("a\ufffd\ufffd")");
  CHECK(json_text("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");  // a surrogate
}

TEST_CASE("label text: names that differ stay different") {
  CHECK(label_text("shop") == "shop");
  CHECK(label_text("a\"b\\c\nd") == R"(a\"b\\c\nd)");
  CHECK(label_text("\xff") == R"(\\xff)");
  CHECK(label_text("\xfe") == R"(\\xfe)");
  CHECK(label_text("\r") == R"(\\x0d)");
  CHECK(label_text("\xe2\x82\xac") == "\xe2\x82\xac");
}

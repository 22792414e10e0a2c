// Files as such: includes, unreadable ones, and bytes no configuration should hold.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "common/ini_reader.h"
#include "tests/unit/settings_fixture.h"

namespace pgring {

using Lines = std::vector<std::string>;

TEST_CASE("ini: an included file continues the section, and its last one goes on") {
  const ConfigDirectory directory;
  directory.write("more.ini", "listen_port = 7001\n[databases]\n");
  const LoadResult result =
      directory.load("[pgring]\nauth_type = trust\n%include more.ini\n* = host=/tmp\n");
  CHECK(directory.texts(result.errors) == Lines{});
  CHECK(result.settings.listen_port == 7001);
  CHECK(result.settings.databases.size() == 1);
}

TEST_CASE("ini: an error in an included file names that file") {
  const ConfigDirectory directory;
  directory.write("more.ini", "\nlisten_prot = 7001\n");
  const LoadResult result =
      directory.load_complete("[pgring]\n%include " + directory.path("more.ini"));
  CHECK(directory.texts(result.errors) ==
        Lines{"more.ini:2: unknown setting \"listen_prot\": did you mean \"listen_port\"?"});
}

TEST_CASE("ini: a circle of includes is refused") {
  const ConfigDirectory directory;
  directory.write("a.ini", "%include b.ini\n");
  directory.write("b.ini", "\n%include a.ini\n");
  CHECK(directory.texts(directory.load_complete("[pgring]\n%include a.ini").errors) ==
        Lines{"b.ini:2: \"a.ini\" includes itself"});
}

TEST_CASE("ini: includes may be ten deep, not more") {
  const ConfigDirectory directory;
  for (int i = 1; i <= 11; ++i) {
    directory.write(fmt::format("{}.ini", i), fmt::format("%include {}.ini\n", i + 1));
  }
  directory.write("10.ini", "listen_port = 7010\n");
  const LoadResult ten = directory.load_complete("[pgring]\n%include 1.ini");
  CHECK(directory.texts(ten.errors) == Lines{});
  CHECK(ten.settings.listen_port == 7010);
  directory.write("10.ini", "%include 11.ini\n");
  CHECK(directory.texts(directory.load_complete("[pgring]\n%include 1.ini").errors) ==
        Lines{"10.ini:1: includes are nested deeper than 10"});
}

TEST_CASE("ini: more files than anyone means are refused once") {
  const ConfigDirectory directory;
  std::string includes;
  for (int i = 0; i < 1100; ++i) includes += "%include more.ini\n";
  directory.write("more.ini", "");
  CHECK(directory.texts(directory.load_complete("[pgring]\n" + includes).errors) ==
        Lines{"pgring.ini:1001: more than 1000 files"});
}

TEST_CASE("ini: files that cannot be read") {
  const ConfigDirectory directory;
  CHECK(directory.texts(load_settings(directory.path("none.ini")).errors) ==
        Lines{"none.ini: cannot read: No such file or directory"});
  std::filesystem::create_directory(directory.path("folder"));
  CHECK(directory.texts(load_settings(directory.path("folder")).errors) ==
        Lines{"folder: cannot read: is a directory"});
  CHECK(load_settings("/dev/zero").errors.at(0).format() ==
        "/dev/zero: cannot read: larger than 16 MB");
  CHECK(load_settings("").errors.size() == 1);
  CHECK(directory.texts(directory.load_complete("%include none.ini\n%include folder").errors) ==
        Lines{"pgring.ini:1: cannot read \"none.ini\": No such file or directory",
              "pgring.ini:2: cannot read \"folder\": is a directory"});
}

TEST_CASE("ini: an empty file, and bytes that do not belong") {
  const ConfigDirectory directory;
  CHECK(directory.texts(directory.load("").errors) ==
        Lines{"pgring.ini: there is no section [pgring] or [pgbouncer]"});
  using namespace std::string_literals;
  CHECK(directory.texts(directory.load_complete("[pgring]\nlog\0file = x"s).errors) ==
        Lines{"pgring.ini:2: line holds a NUL byte"});
  CHECK(directory.texts(directory.load_complete("[pgring]\nlogfile = caf\xE9").errors) ==
        Lines{"pgring.ini:2: line is not valid UTF-8"});
  CHECK(directory.texts(
            directory.load_complete("[pgring]\nlogfile = " + std::string(70000, 'x')).errors) ==
        Lines{"pgring.ini:2: line is longer than 65536 bytes"});
  CHECK(directory.texts(
            directory.load_complete("[pgring]\nlogfile = " + std::string(60000, 'x')).errors) ==
        Lines{});
}

TEST_CASE("ini: UTF-8 is told from what only looks like it") {
  CHECK(is_utf8("plain, caf\xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x90\x98"));
  for (const char* bad : {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xE2\x82",
                          "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    CHECK(!is_utf8(bad));
  }
  CHECK(in_quotes("a\x1b[2J\xFF") == "\"a\\x1b[2J\\xff\"");
  CHECK(in_quotes(std::string(1000, 'a')).size() < 130);
}

}  // namespace pgring

// The page's frame. What it looks like is status_page_style.cc, what moves status_page_script.cc.
#include "master/status_page.h"

#include "master/status_page_parts.h"

namespace pgring {
namespace {

constexpr std::string_view kBody = R"html(
<header>
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="11"/>
  <circle class="dot" cx="16" cy="5" r="4"/></svg>
  <h1>pgring <small id="version"></small></h1>
  <p id="state" class="badge" role="status">connecting</p>
  <p id="facts" class="muted"></p>
</header>
<noscript><p class="note">This page draws itself with a small script of its own. Without it,
<a href="/metrics">/metrics</a>, <a href="/healthz">/healthz</a> and <a href="/readyz">/readyz</a>
tell the same.</p></noscript>
<main>
<p id="reason" class="note" hidden></p>
<section class="cards" aria-label="now">
  <div class="card"><h2>Queries/s</h2><b id="c-queries">&ndash;</b><span id="c-xacts"></span></div>
  <div class="card"><h2>Latency p99</h2><b id="c-p99">&ndash;</b><span id="c-p50"></span></div>
  <div class="card"><h2>Clients</h2><b id="c-clients">&ndash;</b><span id="c-waiting"></span></div>
  <div class="card"><h2>Database connections</h2><b id="c-servers">&ndash;</b>
    <span id="c-ratio"></span></div>
  <div class="card"><h2>Traffic</h2><b id="c-out">&ndash;</b><span id="c-in"></span></div>
</section>
<section class="charts">
  <figure id="g-queries"><figcaption>Queries and transactions per second</figcaption></figure>
  <figure id="g-latency"><figcaption>Latency of queries</figcaption></figure>
  <figure id="g-clients"><figcaption>Clients and connections</figcaption></figure>
  <figure id="g-parts"><figcaption>Where the slowest 1&nbsp;% spend their time</figcaption></figure>
</section>
<section><h2>Pools</h2><div class="scroll"><table id="pools"></table></div></section>
<section><h2>Workers</h2><div class="scroll"><table id="workers"></table></div></section>
<section><h2>Lanes</h2><div class="scroll"><table id="lanes"></table></div></section>
</main>
<footer class="muted"><a href="/metrics">/metrics</a> <a href="/healthz">/healthz</a>
<a href="/readyz">/readyz</a></footer>
)html";

}  // namespace

std::string status_page() {
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>pgring</title>\n<style>";
  page.append(kStatusPageStyle).append("</style>\n</head>\n<body>").append(kBody);
  page.append("<script>").append(kStatusPageScript).append("</script>\n</body>\n</html>\n");
  return page;
}

}  // namespace pgring

"""A plot of throughput against the number of clients, as an SVG file of our own drawing."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 78, 170, 58, 56
COLOURS = {"ring": "#1257b8", "direct": "#5c5c5c", "pgbouncer": "#c2500a"}
OTHER_COLOURS = ["#2e7d32", "#7b3fa0", "#9a7400"]
LABEL_GAP = 16


def nice_step(top):
    """A round number of which about five make `top`."""
    raw = top / 5
    power = 10 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw)


class Plot:
    def __init__(self, growth, titles, heading, note):
        self._growth, self._titles = growth, titles
        self._heading, self._note = heading, note
        points = [point for line in growth.values() for point in line["points"]]
        self._clients = sorted({point[0] for point in points})
        self._step = nice_step(max(point[3] for point in points))
        self._top = self._step * math.ceil(max(point[3] for point in points) / self._step)
        self._out = []

    def _x(self, clients):
        low, high = (math.log(self._clients[at]) for at in (0, -1))
        share = (math.log(clients) - low) / ((high - low) or 1)
        return LEFT + 12 + share * (WIDTH - LEFT - RIGHT - 24)

    def _y(self, tps):
        return HEIGHT - BOTTOM - tps / self._top * (HEIGHT - TOP - BOTTOM)

    def _line(self, x1, y1, x2, y2, colour, width=1.0):
        self._out.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" '
                         'stroke-width="%g"/>' % (x1, y1, x2, y2, colour, width))

    def _text(self, x, y, words, anchor="start", colour="#222", more=""):
        self._out.append('<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s"%s>%s</text>' %
                         (x, y, anchor, colour, more, escape(words)))

    def _axes(self):
        for at in range(round(self._top / self._step) + 1):
            y = self._y(at * self._step)
            self._line(LEFT, y, WIDTH - RIGHT, y, "#222" if at == 0 else "#ddd")
            self._text(LEFT - 8, y + 4, "{:,.0f}".format(at * self._step), "end")
        for clients in self._clients:
            x = self._x(clients)
            self._line(x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 5, "#222")
            self._text(x, HEIGHT - BOTTOM + 20, "{:,}".format(clients), "middle")
        self._text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "clients (logarithmic)", "middle")
        self._text(16, 24, self._heading, more=' font-size="16" font-weight="bold"')
        self._text(16, 43, self._note, colour="#555", more=' font-size="12"')

    def _colour(self, name):
        others = [known for known in self._growth if known not in COLOURS]
        return COLOURS.get(name) or OTHER_COLOURS[others.index(name) % len(OTHER_COLOURS)]

    def _curve(self, name):
        colour, points = self._colour(name), self._growth[name]["points"]
        self._out.append('<polyline fill="none" stroke="%s" stroke-width="%g" points="%s"/>' % (
            colour, 3 if name == "ring" else 2,
            " ".join("%.1f,%.1f" % (self._x(clients), self._y(tps))
                     for clients, tps, _, _ in points)))
        for clients, tps, low, high in points:
            x = self._x(clients)
            self._line(x, self._y(low), x, self._y(high), colour, 1.5)
            self._out.append('<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>' % (x, self._y(tps),
                                                                               colour))

    def _labels(self):
        """Each curve's name beside its last point, pushed apart where curves end close together; where
        others go on, below it."""
        ends = sorted((self._y(line["points"][-1][1]), self._x(line["points"][-1][0]), name)
                      for name, line in self._growth.items())
        last = {}
        for y, x, name in ends:
            y = max(y, last.get(round(x), -LABEL_GAP) + LABEL_GAP)
            last[round(x)] = y
            goes_on = self._growth[name]["points"][-1][0] < self._clients[-1]
            self._text(x if goes_on else x + 10, y + (22 if goes_on else 4), self._titles[name],
                       "middle" if goes_on else "start", colour=self._colour(name),
                       more=' font-weight="bold" stroke="#fff" stroke-width="4" paint-order="stroke"')

    def svg(self):
        self._out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" '
                     'height="%d" font-family="Helvetica, Arial, sans-serif" font-size="13">' %
                     (WIDTH, HEIGHT, WIDTH, HEIGHT),
                     "<title>%s</title>" % escape(self._heading),
                     '<rect width="100%" height="100%" fill="#fff"/>']
        self._axes()
        for name in self._growth:
            self._curve(name)
        self._labels()
        return "\n".join([*self._out, "</svg>\n"])

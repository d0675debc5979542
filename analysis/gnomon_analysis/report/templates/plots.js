(() => {
  "use strict";
  const specs = JSON.parse(document.getElementById("figures").textContent);
  const root = document.documentElement;
  for (const spec of Object.values(specs)) {
    if (spec.cells) {
      const { rows, columns, answers, index } = spec.cells;
      spec.data[0].hovertext = index.map((line, row) => line.map((at, column) => at < 0 ? "" : rows[row] + "<br>" + columns[column] + ": " + answers[at]));
    }
  }
  const config = { displayModeBar: false, responsive: true, showTips: false };
  const painted = (value, colours) => {
    if (typeof value === "string") return value.startsWith("$") ? colours.getPropertyValue("--" + value.slice(1)).trim() : value;
    if (Array.isArray(value)) return value.map((one) => painted(one, colours));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, painted(one, colours)]));
    return value;
  };
  const draw = () => {
    const colours = getComputedStyle(root);
    for (const [id, spec] of Object.entries(specs)) {
      const place = document.getElementById("plot-" + id);
      if (!place) continue;
      const { data, layout } = painted(spec, colours);
      if (spec.narrow && narrow.matches) data[0].y = spec.narrow;
      if (crowded.matches && layout.xaxis.tickvals && layout.xaxis.tickvals.length > 5) {
        for (const part of ["tickvals", "ticktext"]) layout.xaxis[part] = layout.xaxis[part].filter((_, at) => at % 2 === 0);
      }
      Plotly.react(place, data, layout, config);
    }
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 600px)");
  const crowded = matchMedia("(max-width: 900px)");
  dark.addEventListener("change", draw);
  narrow.addEventListener("change", draw);
  crowded.addEventListener("change", draw);
  document.getElementById("theme").addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    draw();
  });
  draw();
})();

// chart: draws the table beside it on a canvas. data-chart: {kind: "lying" | "standing", labels, series: [{name, role,
// values, links}]}; a bar leads to the reviews behind it. Colours are the page's own, so it follows light, dark and
// high contrast. Without this module the element stays hidden and the table says the same.
import { BarChart } from "echarts/charts";
import { AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const ROW = 30;
const STANDING = 280;
const BETWEEN_NUMBERS = 5; // times the size of the type

export default function chart(element) {
  const data = JSON.parse(element.dataset.chart);
  const lying = data.kind === "lying";
  element.hidden = false;
  // A style attribute would need an exception in the policy; the style of an element set by a script does not.
  element.style.height = `${lying ? data.labels.length * ROW + 90 : STANDING}px`;
  const drawn = init(element, null, { renderer: "canvas" });

  function draw() {
    const style = getComputedStyle(element);
    const colour = (name) => style.getPropertyValue(name).trim();
    const roles = { good: colour("--primary"), bad: colour("--warm") };
    const size = parseFloat(style.fontSize) * 0.85;
    const text = { color: colour("--ink"), fontFamily: style.fontFamily, fontSize: size };
    const names = {
      type: "category",
      data: data.labels,
      inverse: lying,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour("--line-strong") } },
      axisLabel: { ...text, width: element.clientWidth * 0.36, overflow: "truncate" },
    };
    const room = lying ? (element.clientWidth * 0.64) / (size * BETWEEN_NUMBERS) : 5;
    const values = { type: "value", splitNumber: Math.max(1, Math.min(5, Math.floor(room))), minInterval: data.labels.length && data.series[0].values.every(Number.isInteger) ? 1 : 0,
      splitLine: { lineStyle: { color: colour("--line") } }, axisLabel: text };
    drawn.setOption(
      {
        animation: false,
        textStyle: text,
        grid: { left: 4, right: 16, top: 40, bottom: 8, containLabel: true },
        legend: { show: data.series.length > 1, top: 0, left: 0, textStyle: text },
        // A tooltip made of elements would carry inline styles, which the page forbids.
        tooltip: { trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: "shadow" } },
        xAxis: lying ? values : names,
        yAxis: lying ? names : values,
        series: data.series.map((row) => ({
          type: "bar",
          name: row.name,
          stack: "all",
          cursor: "pointer",
          barMaxWidth: 22,
          itemStyle: { color: roles[row.role] },
          data: row.values,
        })),
      },
      { notMerge: true },
    );
  }

  draw();
  drawn.on("click", ({ seriesIndex, dataIndex }) => {
    const link = data.series[seriesIndex]?.links?.[dataIndex];
    if (link) location.assign(link);
  });
  new ResizeObserver(() => {
    drawn.resize();
    draw();
  }).observe(element);
  // Dark, high contrast and type size are attributes of the root.
  new MutationObserver(draw).observe(document.documentElement, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

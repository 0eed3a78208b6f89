/** A chart of what each server costs, as SVG of our own making. */
import { titles } from './scenarios.ts';
import type { ScenarioResult } from './trials.ts';

const width = 720;
const labelWidth = 190;
const barHeight = 20;
const gap = 8;

export function chartSvg(scenarios: readonly ScenarioResult[]): string {
  const shown = scenarios.filter(({ title }) => title === titles.blob || title === titles.manifest);
  let y = 10;
  const parts: string[] = [];
  for (const { title, unit, results } of shown) {
    const scale = unit === 'GiB' ? 1 : 1e6;
    const measure = unit === 'GiB' ? 's' : 'µs';
    parts.push(textAt(10, y + 16, `${title}: CPU ${measure} per ${unit}, less is better`, 'bold'));
    y += 30;
    const most = Math.max(...results.map(({ cpuPerUnit }) => cpuPerUnit.median));
    for (const { setup, cpuPerUnit } of results) {
      const length = (cpuPerUnit.median / most) * (width - labelWidth - 90);
      const colour = setup === 'mirrorgate' ? '#1a7f5a' : '#8fa3b5';
      const figure = (cpuPerUnit.median * scale).toPrecision(3);
      parts.push(
        textAt(10, y + 15, setup),
        `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${colour}"/>`,
        textAt(labelWidth + length + 6, y + 15, figure),
      );
      y += barHeight + gap;
    }
    y += 12;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${y}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function textAt(x: number, y: number, text: string, weight = 'normal'): string {
  return `<text x="${x.toFixed(1)}" y="${y}" font-weight="${weight}" fill="#222222">${text}</text>`;
}

/** A history as a gate would have written it, for charts that show more than a test's own minute. */
export function pastTraffic(hours: number, nowMs: number): string {
  const lines: string[] = [];
  for (let minute = hours * 60; minute > 2; minute -= 5) {
    const at = Math.floor(nowMs / 60_000 - minute) * 60;
    const wave = 1 + Math.sin(minute / 90) + 0.3 * Math.sin(minute / 17);
    const load = Math.max(0, wave);
    const sent = Math.round(load * 900e6);
    const upstream = Math.round(load * 90e6 * (1 + Math.sin(minute / 40)));
    const requests = Math.round(load * 160);
    const hits = Math.round(requests * 0.91);
    const figures = [requests, hits, sent, sent - upstream, upstream, minute % 480 < 5 ? 2 : 0];
    lines.push(JSON.stringify({ at, mirrors: { hub: figures } }));
  }
  return `${lines.join('\n')}\n`;
}

import { expect } from 'chai';
import { AggregatorRegistry, Histogram, Registry } from 'prom-client';
import { TalliedHistogram } from '../../../lib/telemetry/tallied-histogram.ts';

const buckets = [0.002, 0.1, 1, 60];
const values = [0, 0.001, 0.002, 0.0021, 0.1, 0.5, 1, 1.5, 59.9, 60, 61, 1_000];
const common = { name: 'seconds', help: 'How long.', labelNames: ['kind', 'source'] as const };

describe('a histogram that is made of sums', () => {
  const tallied = new Registry();
  const plain = new Registry();

  before(() => {
    const ours = new TalliedHistogram({ ...common, buckets, registers: [tallied] });
    const theirs = new Histogram({ ...common, buckets, registers: [plain] });
    for (const [index, value] of values.entries()) {
      const labels = { kind: index % 2 === 0 ? 'blob' : 'manifest', source: 'cache' };
      ours.tally(labels).observe(value);
      theirs.observe(labels, value);
    }
  });

  it('tells what prom-client’s own tells', async () => {
    expect(await tallied.metrics()).to.equal(await plain.metrics());
  });

  it('is added up with those of other processes alike', async () => {
    const sum = async (registry: Registry): Promise<string> => {
      const metrics = await registry.getMetricsAsJSON();
      return AggregatorRegistry.aggregate([metrics, metrics]).metrics();
    };
    expect(await sum(tallied)).to.equal(await sum(plain));
  });
});

import { expect } from 'chai';
import { ConfigurationError, problemText } from '../../../lib/config/problems.ts';

describe('a problem', () => {
  it('is told with file, line, column, key, message and fix', () => {
    const problem = { file: 'a.yaml', line: 3, column: 5, key: 'log.level', message: 'is wrong' };
    expect(problemText({ ...problem, fix: 'write info' })).to.equal(
      'a.yaml:3:5: log.level: is wrong; write info',
    );
    expect(problemText(problem)).to.equal('a.yaml:3:5: log.level: is wrong');
  });

  it('of a whole file has no line and no key', () => {
    expect(problemText({ file: 'a.yaml', key: '', message: 'there is no such file' })).to.equal(
      'a.yaml: there is no such file',
    );
  });

  it('is one of all that an error carries, a line each', () => {
    const problems = ['one', 'two'].map((message) => ({ file: 'a.yaml', key: '', message }));
    const error = new ConfigurationError(problems);
    expect(error.code).to.equal('MIRRORGATE_CONFIG_INVALID');
    expect(error.message).to.equal('a.yaml: one\na.yaml: two');
    expect(error.problems).to.equal(problems);
  });
});

import { expect } from 'chai';
import { topLevelKeys } from '../../../lib/oci/json-keys.ts';

describe('the top-level keys of a JSON object', () => {
  const cases: readonly (readonly [text: string, keys: readonly string[]])[] = [
    ['{}', []],
    ['{"a":1}', ['a']],
    ['{"a":1,"a":2,"b":3}', ['a', 'a', 'b']],
    ['{"a":{"b":1,"c":[{"d":2}]},"e":[1,{"f":3},"g"],"h":"i"}', ['a', 'e', 'h']],
    ['{"a":"\\"b\\":1,","c":"{","d":"}","e":"\\\\"}', ['a', 'c', 'd', 'e']],
    ['{"\\u0061":1,"a":2}', ['a', 'a']],
    [' {\n "a" : [ ] ,\t"" : null }\r\n', ['a', '']],
    ['{"__proto__":1,"toString":2}', ['__proto__', 'toString']],
  ];
  for (const [text, keys] of cases) {
    it(`of ${JSON.stringify(text)} are ${JSON.stringify(keys)}`, () => {
      expect(Object.keys(JSON.parse(text) as object)).to.have.members([...new Set(keys)]);
      expect(topLevelKeys(text)).to.deep.equal(keys);
    });
  }
});

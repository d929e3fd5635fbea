/**
 * How all of a batch but its exchanges is spelled, the commonest last: what a deflated one refers back to. A change of it is a
 * change of the file's format.
 */
export const typical = [
  '"gaps":[{"fromMs":,"toMs":,"missing":1,"reason":"overflow"}]"request-timeout""slot-away""reset"',
  '{"workload":{"uid":"","name":"","namespace":"default"},"life":"","sinceMs":,"boot":"',
  '","wallOffsetMs":1795346578246.,"store":"sampled","from":1,"gaps":[],"sampledShare":1,"count":1,"strings":[',
  '"default/","HTTPRoute/default/#","127.0.0.1:>127.0.0.1:","127.0.0.1:","spiffe://heddle.local/ns/default/sa/","","app"]}',
].join("");

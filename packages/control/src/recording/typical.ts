/**
 * How a batch is spelled in JSON, the commonest last: what a deflated one refers back to. A change of it is a change of
 * the file's format.
 */
export const typical = [
  '"reason":"request-timeout","reason":"slot-away","reason":"reset","missing":"too-long"',
  '"gaps":[{"fromMs":,"toMs":,"missing":1,"reason":"overflow"}]',
  '{"workload":{"uid":"","name":"","namespace":"default"},"life":"","sinceMs":,"boot":"',
  '","wallOffsetMs":1795346578246.,"store":"sampled","from":1,"gaps":[],"sampledShare":1,"exchanges":[',
  '{"id":1,"direction":"gateway","service":"default/","servicePort":80,"backend":null,"backendPort":0,"method":"POST"',
  '{"id":1,"direction":"inbound","service":"default/","servicePort":80,"backend":"default/","backendPort":80,',
  '"method":"PUT","path":"/","authority":"","front":{"connection":"","ordinal":1,"source":"127.0.0.1:","own":"127.0.0.1:',
  '","peer":"spiffe://heddle.local/ns/default/sa/","caller":"","callerField":null},"attempts":[{"endpointUid":"app",',
  '"endpoint":"","target":"127.0.0.1:","identity":null,"connection":"127.0.0.1:>127.0.0.1:","ordinal":1,"own":"127.0.0.1:',
  '","sentMs":,"sentSeq":,"replyMs":,"replySeq":,"reason":null}],"route":null,"status":201,"reason":null,"detail":"",',
  '"origin":"app","startMs":,"headMs":,"endMs":,"receivedSeq":,"answeredSeq":,"operation":null}]}',
  '{"id":1,"direction":"outbound","service":"default/","servicePort":80,"backend":"default/","backendPort":80,',
  '"method":"GET","path":"/","authority":"","front":{"connection":"127.0.0.1:>127.0.0.1:","ordinal":1,"source":"127.0.0.1:',
  '","own":"127.0.0.1:","peer":null,"caller":"","callerField":null},"attempts":[{"endpointUid":"","endpoint":"",',
  '"target":"127.0.0.1:","identity":"spiffe://heddle.local/ns/default/sa/","connection":"","ordinal":1,"own":"127.0.0.1:',
  '","sentMs":,"sentSeq":,"replyMs":,"replySeq":,"reason":null}],"route":null,"status":200,"reason":null,"detail":"",',
  '"origin":"app","startMs":,"headMs":,"endMs":,"receivedSeq":,"answeredSeq":,"operation":{"contract":"default/",',
  '"name":"get","parameters":{"k":""},"key":"","requestBody":null,"replyBody":{"hash":""}}}]}',
].join("");

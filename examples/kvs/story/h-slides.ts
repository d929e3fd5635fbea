import { RecordedCaller } from "./caller.ts";
import { asProgram, type Scenario } from "./tell.ts";

const request = 60_001;

/** H2, R1: the lists on the slides, as the mesh recorded them of live traffic. */
export const slides: Scenario = {
  title: "(h) the lists on the slides, of live traffic",
  manifest: "story/kvs.yaml",
  async run(stage, claim) {
    const e1 = await stage.join("e1");
    const asks = await RecordedCaller.open("e1", e1.url);
    await asks.get(request);
    asks.hangUp();
    await e1.leave();
    const keys = await stage.keysByProcess();
    const e2 = [...keys].find(([, its]) => its.has(request))?.[0] ?? "nobody";
    const asked = await stage.heddle("history", "e1", "--steps", "--short");
    const asker = "History[e1]\n[]\n[Send•Req]\n[Send•Req, Recv•Res]\n";
    claim(asked.text === asker, "E1, as it asked and was answered");
    const other = await stage.heddle("history", e2, "--last", "1", "--steps", "--short");
    const answerer = `History[${e2}]\n[]\n[Recv•Req]\n[Recv•Req, Send•Res]\n`;
    claim(other.text.startsWith(answerer), `E2, which is ${e2}: as it was asked and answered`);

    const e = await stage.join("e");
    const caller = await RecordedCaller.open("e", e.url);
    await caller.put(1, "a");
    await caller.get(1);
    caller.hangUp();
    await e.leave();
    const { text } = await stage.heddle("history", "e");
    const list = '[Send•Req=(kvs, Put(1,"a")), Recv•Res=ok, Send•Req=(kvs, Get(1)), Recv•Res="a"]';
    claim(text === `History[e]\n${list}\n`, "the contract, as its caller sees it");
  },
};

if (import.meta.main) await asProgram(slides);

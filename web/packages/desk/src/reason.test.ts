import { setLanguage } from "@gavel/ui";
import { renderHook } from "@testing-library/react";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { setupDesk } from "./i18n";
import { useReason, useWhy } from "./reason";

beforeAll(() => {
  setupDesk({ zh: {}, en: {} });
});
beforeEach(() => setLanguage("zh"));

it.each([
  ["waiting for a free engine", "等待空闲的引擎"],
  ["waiting for a producer to accept the engine's new key", "等待导演接受引擎的新密钥"],
  ["No engine of the class could be measured.", "该等级没有一个引擎能测量。"],
  ["a GPU held its clock down: power, heat, or a card beside it", "有 GPU 降频：供电、温度或相邻显卡所致"],
  ["the engine has answered others in between: 3", "引擎期间还回答了别的请求：3"],
  ["5 tokens came, 64 were asked for", "要求 64 个词元，只得到 5 个"],
  ["the engine failed: gone", "引擎出错：gone"],
  ["The training process broke (exit -9): it said nothing", "训练进程被终止（退出码 -9）"],
  ["The training process broke (exit 1): KeyError: 'x'", "训练进程出错（退出码 1）：KeyError: 'x'"],
  ["The training process said nothing for too long.", "训练进程太久没有动静。"],
  ["The lab's disk is full. The run goes on from its last checkpoint.", "实验机的磁盘满了，训练会从最近的检查点继续。"],
  ["The step quantise took too long.", "步骤 quantise 用时过长，已停止。"],
  ["The step merge broke (exit 1): KeyError: 'x'", "步骤 merge 出错（退出码 1）：KeyError: 'x'"],
  ["model.safetensors has 12 bytes; this site takes 11.", "文件 model.safetensors 有 12 字节，本站最多接受 11 字节。"],
  ["something nobody has foreseen", "something nobody has foreseen"],
])("says %s in the reader's language", (sentence, said) => {
  expect(renderHook(() => useReason()).result.current(sentence)).toBe(said);
});

it("explains a failed run by its code, and one that has not failed by nothing", () => {
  const why = renderHook(() => useWhy()).result.current;
  const run = { state: "failed", code: null, reason: "it is not ready" };
  expect(why({ ...run, code: "engine.no_echo" })).toContain("引擎不给出提示词的对数概率");
  expect(why({ ...run, code: "suite.of_tomorrow" })).toBe("节点尚未就绪");
  expect(why({ ...run, state: "cancelled", reason: "It was cancelled." })).toBeNull();
});

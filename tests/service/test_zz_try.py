from pathlib import Path
from edge.bench.clouds import CloudEmulator
from tests.support.broker import Broker, running
from tests.support.guide import Guide
from tests.support.heard import WavRecording
async def test_it(tmp_path):
    with running(Broker(tmp_path/"b")) as broker:
        async with CloudEmulator("fast") as clouds, Guide(tmp_path/"g", broker.port, clouds.env()|{"SHUTTLE_GUIDE_SHUTTLE__LANGUAGE":"en","SHUTTLE_GUIDE_ELEVENLABS__SPEED":"1.2"}) as guide:
            rec=WavRecording(tmp_path/"g/heard.wav")
            t=await guide.say("event", text="две собаки справа")
            print(t)
            h=rec.take(); print(h.letters, h.gaps(1.2))
            print(guide.log_of_turn(t["turn_id"]))
            for n in ("ingest","commentator","speaker","telemetry"):
                await guide.kill(n); print("killed", n)
            t=await guide.say("event", text="две собаки справа")
            h=rec.take(); print(h.letters, h.gaps(1.2))
            print(await guide.stop())
            print(guide.state)
            print(guide.log())

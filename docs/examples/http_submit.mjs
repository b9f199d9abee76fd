// Hand a campaign to Dropline by HTTP from Node 18 or newer, without any package: node docs/examples/http_submit.mjs
const address = process.env.DROPLINE_URL ?? "http://127.0.0.1:8000";

const campaign = {
  title: "Appointment reminders",
  caller_id: "6175550100",
  audio_title: "Reminder", // a recording in the gateway's account
  start: "now", // or an instant with its zone: "2026-11-24T14:00:00-05:00"
  recipients: ["(617) 555-0123", "617.555.0145", "+1 617 555 0167"],
};

const request = {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${process.env.DROPLINE_TOKEN}`,
    "Content-Type": "application/json",
    "Idempotency-Key": "reminders-2026-11-23-node", // the same key is the same campaign, however often this runs
  },
  body: JSON.stringify(campaign),
};

/** Sends it until there is an answer: with the same key, sending again is always safe. */
async function handIn(tries = 5) {
  for (let tried = 0; tried < tries; tried++) {
    await new Promise((resolve) => setTimeout(resolve, tried * 1000));
    try {
      const answer = await fetch(`${address}/v1/campaigns`, { ...request, signal: AbortSignal.timeout(30_000) });
      if (answer.status < 500) return answer;
    } catch (error) {
      console.error(`no answer (${error.name}); once more`);
    }
  }
  throw new Error("Dropline does not answer; run this again later");
}

const answer = await handIn();
const said = await answer.json();
if (!answer.ok) {
  console.error(said.title, said.detail, said.todo, said.problems ?? "");
  process.exitCode = 1;
} else {
  console.log(`campaign ${said.campaign_id}, ${said.is_new ? "new" : "handed in before"}`);
  console.log(`${said.plan.phones} phones, ${said.plan.excluded} rows left out; see ${address}${said.url}`);
}

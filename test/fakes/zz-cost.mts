import { startKinesisEmulator } from '../../src/sandbox/kinesis-emulator.ts';
import { silentLog } from '../../src/lib/log.ts';
import { createClock } from '../../src/lib/clock.ts';
import { KinesisClient, PutRecordsCommand, GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import fs from 'node:fs';
const k = await startKinesisEmulator({ streams:[{name:'sandbox',shards:2}], log: silentLog });
const c = new KinesisClient({region:'us-east-1',endpoint:k.endpoint,credentials:{accessKeyId:'a',secretAccessKey:'b'},maxAttempts:1,requestHandler:new NodeHttpHandler()});
const kid = fs.readdirSync('/proc').filter(p=>/^\d+$/.test(p)).filter(p=>{try{const s=fs.readFileSync(`/proc/${p}/stat`,'utf8');return s.slice(s.lastIndexOf(')')+2).split(' ')[1]===String(process.pid)}catch{return false}})[0];
const ticks = (p)=>{const s=fs.readFileSync(`/proc/${p}/stat`,'utf8');const f=s.slice(s.lastIndexOf(')')+2).split(' ');return (+f[11])+(+f[12])};
const cost = async (name, n, f) => { const a=ticks(kid); const t=performance.now(); for (let i=0;i<n;i++) { await f(i); await new Promise(r=>setTimeout(r,20)); } console.log(name, 'cpu ms/call', (ticks(kid)-a)*10/n, 'wall', ((performance.now()-t)/n-20).toFixed(1)); };
const put = (n)=>c.send(new PutRecordsCommand({StreamName:'sandbox',Records:Array.from({length:n},()=>({Data:Buffer.from('x'.repeat(400)),PartitionKey:String(Math.random())}))}));
let it; const get = async()=>{ it ??= (await c.send(new GetShardIteratorCommand({StreamName:'sandbox',ShardId:'shardId-000000000000',ShardIteratorType:'TRIM_HORIZON'}))).ShardIterator; const r = await c.send(new GetRecordsCommand({ShardIterator:it,Limit:1000})); it=r.NextShardIterator; return r; };
await cost('idle',50,async()=>{});
await cost('warm',100,()=>put(1)); 
for (const total of [0,10000,30000]) { 
  for(let i=0;i<total/500;i++) await put(500);
  while ((await get()).Records.length);
  await cost('put1',150,()=>put(1)); await cost('get',150,get); await cost('iter', 50, ()=>c.send(new GetShardIteratorCommand({StreamName:'sandbox',ShardId:'shardId-000000000000',ShardIteratorType:'TRIM_HORIZON'}))); console.log('rss', /VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${kid}/status`,'utf8'))[1]/1000|0);
}
await k.stop(); c.destroy();

import { openSandboxView, canaryLine } from './sandbox-view.ts';
import fs from 'node:fs';
process.env.VITEST='1';
const view = await openSandboxView({ dir: '/tmp/e/dir2' });
const kids = fs.readdirSync('/proc').filter(p=>/^\d+$/.test(p)).filter(p=>{try{const s=fs.readFileSync(`/proc/${p}/stat`,'utf8');return s.slice(s.lastIndexOf(')')+2).split(' ')[1]===String(process.pid)}catch{return false}});
const ticks = (p)=>{const s=fs.readFileSync(`/proc/${p}/stat`,'utf8');const f=s.slice(s.lastIndexOf(')')+2).split(' ');return (+f[11])+(+f[12])};
const rss=(p)=>/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${p}/status`,'utf8'))[1]/1000|0;
const pre = Number(process.argv[2]??0);
if (pre) { for (let k=0;k<pre/100;k++){ view.write('node-a',100); await new Promise(r=>setTimeout(r,50)); } await new Promise(r=>setTimeout(r,8000)); }
await new Promise(r=>setTimeout(r,5000));
let a = [process.pid,...kids].map(ticks); 
const secs=40;
for (let i=0;i<secs;i++){ for (const n of ['node-a','node-b','node-c']) view.write(n); await new Promise(r=>setTimeout(r,1000)); }
let b = [process.pid,...kids].map(ticks);
console.log('pre',pre,'cpu % self,child', b.map((x,i)=>((x-a[i])/secs).toFixed(1)), 'rss', [process.pid,...kids].map(rss));
await view.close();
fs.rmSync('/tmp/e/dir2',{recursive:true});

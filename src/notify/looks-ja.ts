import type { Template } from '../core/template.ts';

/** First things to look at, by their English in the runbooks of `probes/` and in `src/core/first-look.ts`. */
export const japaneseLooks: Readonly<Record<string, Template>> = {  'Which hop is the first that is broken? The status page shows all of them.':
    '最も上流で壊れているホップはどこか。ステータスページで全体を確認できます。',
};

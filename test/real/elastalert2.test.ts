/** ElastAlert 2.19, of PyPI. */
import { tellElastalert } from './elastalert-story.ts';

tellElastalert('elastalert2');

/** ElastAlert 0.2.4, of Debian. */
import { tellElastalert } from './elastalert-story.ts';

tellElastalert('elastalert');

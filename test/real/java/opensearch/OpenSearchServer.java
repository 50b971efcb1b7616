import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.codelibs.opensearch.runner.node.OpenSearchRunnerNode;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.ingest.common.IngestCommonPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.script.mustache.MustachePlugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node on loopback. Arguments are settings (`http.port=9200`). Prints `READY <port>` when it answers;
 * ends on SIGTERM, and when its stdin closes, so that it never outlives the tests.
 */
public class OpenSearchServer {
    public static void main(String[] arguments) throws Exception {
        Settings.Builder settings = Settings.builder()
                .put("cluster.name", "logcanary-test")
                .put("node.name", "node-1")
                .put("network.host", "127.0.0.1")
                .put("transport.port", "0")
                .put("discovery.type", "single-node")
                .putList("node.roles", "cluster_manager", "data", "ingest");
        for (String argument : arguments) settings.put(argument.split("=", 2)[0], argument.split("=", 2)[1]);
        Environment environment =
                InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), null, () -> "node-1");
        OpenSearchRunnerNode node = new OpenSearchRunnerNode(environment, List.of(
                Netty4Plugin.class, CommonAnalysisPlugin.class, MapperExtrasPlugin.class,
                IngestCommonPlugin.class, ReindexPlugin.class, PainlessPlugin.class,
                MustachePlugin.class));
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception error) {
                error.printStackTrace();
            }
            closed.countDown();
        }));
        node.start();
        int port = node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort();
        System.out.println("READY " + port);
        while (System.in.read() >= 0) {}
        System.exit(0);
    }
}

package dev.comet.examples.relay;

import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.quartz.DisallowConcurrentExecution;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDataMap;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.TriggerBuilder;
import org.quartz.impl.StdSchedulerFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the cloud does again and again, by Quartz. A job never overlaps itself. */
final class Jobs implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Jobs.class);
    private static final String WORK = "work";
    private static final int THREADS = 2;
    private static final int CLOSE_SECONDS = 10;

    private final Scheduler scheduler;
    private final Semaphore running = new Semaphore(THREADS);

    /**
     * How often.
     *
     * @param clean takes away commands that are over
     * @param heart tells devices and pages that the cloud is there
     */
    record Intervals(Duration clean, Duration heart) {
        static final Intervals DEFAULT =
                new Intervals(Duration.ofMinutes(5), Duration.ofSeconds(30));
    }

    private Jobs(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    static Jobs start(Runnable clean, Runnable heart, Intervals intervals)
            throws SchedulerException {
        Properties properties = new Properties();
        // A name of its own: several relays in one process, as in tests, have a scheduler each.
        properties.setProperty(
                "org.quartz.scheduler.instanceName", "relay-" + System.identityHashCode(clean));
        properties.setProperty("org.quartz.threadPool.threadCount", String.valueOf(THREADS));
        properties.setProperty("org.quartz.scheduler.makeSchedulerThreadDaemon", "true");
        properties.setProperty("org.quartz.threadPool.makeThreadsDaemons", "true");
        properties.setProperty("org.quartz.scheduler.skipUpdateCheck", "true");
        Jobs jobs = new Jobs(new StdSchedulerFactory(properties).getScheduler());
        jobs.every("clean", intervals.clean(), clean);
        jobs.every("heart", intervals.heart(), heart);
        jobs.scheduler.start();
        return jobs;
    }

    private void every(String name, Duration interval, Runnable work) throws SchedulerException {
        JobDataMap data = new JobDataMap();
        data.put(WORK, (Runnable) () -> run(work));
        scheduler.scheduleJob(
                JobBuilder.newJob(Work.class).withIdentity(name).usingJobData(data).build(),
                TriggerBuilder.newTrigger()
                        .withIdentity(name)
                        .startAt(Date.from(Instant.now().plus(interval)))
                        .withSchedule(
                                SimpleScheduleBuilder.simpleSchedule()
                                        .withIntervalInMilliseconds(interval.toMillis())
                                        .repeatForever()
                                        // one that came too late is left out, not made up for
                                        .withMisfireHandlingInstructionNextWithRemainingCount())
                        .build());
    }

    /** Made by Quartz, anew for each time. */
    @DisallowConcurrentExecution
    public static final class Work implements Job {

        /** For Quartz. */
        public Work() {}

        @Override
        public void execute(JobExecutionContext context) {
            Objects.requireNonNull((Runnable) context.getMergedJobDataMap().get(WORK)).run();
        }
    }

    private void run(Runnable work) {
        if (running.tryAcquire()) { // else the relay is being closed
            try {
                work.run();
            } finally {
                running.release();
            }
        }
    }

    /**
     * Waits for what is running, but no longer than ten seconds. Not by {@code shutdown(true)},
     * which waits for ever for a thread of Quartz that was given a job and has ended before it saw
     * it.
     */
    @Override
    public void close() {
        try {
            if (scheduler.isShutdown()) {
                return;
            }
            scheduler.standby();
            awaitRunning();
            scheduler.shutdown(false);
        } catch (SchedulerException e) {
            throw new IllegalStateException(e);
        }
    }

    private void awaitRunning() {
        try {
            if (!running.tryAcquire(THREADS, CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("A job still runs after {} s; not waiting any longer", CLOSE_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package asl

import "math"

// Which retriers a task has, and in which order. Step Functions takes the FIRST retrier that lists the error; each counts
// its own attempts, and when they are used up the error goes to Catch, not to the next retrier. States.TaskFailed lists
// every error but States.Timeout, so it stands last: before Pending it would end a wait after three looks.

const (
	// taskTimeout is Lambda's longest invocation, and a margin for its start: what takes longer was lost.
	taskTimeout = 900 + 60
	// waitAttempts at intervals of a minute are 24 hours, which snapshots of the largest volumes need. An attempt is three
	// events in the execution's history (scheduled, started, failed), of which there can be 25,000: five cases of one
	// finding can wait the whole day.
	waitAttempts = 24 * 60
	// askTimeout is how long an execution waits until it looks whether a question's time is over.
	askTimeout = 60 * 60
	// longestApproval is how long the configuration lets an approval be waited for, at the most: 30 days.
	longestApproval = 30 * 24 * 60 * 60
	// machineTimeout leaves the last wait time to end, after a person's yes; the gates' time comes on top.
	machineTimeout = longestApproval + 26*60*60
)

// pending asks again for what takes long, after 1, 2, 4 … 60 s. No function runs meanwhile.
func pending() retrier {
	return retrier{ErrorEquals: []string{ErrorPending}, IntervalSeconds: 1, BackoffRate: 2, MaxDelaySeconds: 60, MaxAttempts: waitAttempts}
}

// busy waits for the execution that answers the case: as long as that one may wait for its snapshots.
func busy() retrier {
	return retrier{ErrorEquals: []string{ErrorBusy}, IntervalSeconds: 5, BackoffRate: 1.5, MaxDelaySeconds: 60, MaxAttempts: waitAttempts}
}

// hiccup is Lambda's own trouble: the function was not run, or its answer was lost. Every task may run twice. The list:
// https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
func hiccup() retrier {
	return retrier{
		ErrorEquals: []string{
			"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
			"Lambda.ClientExecutionTimeoutException", "Lambda.TooManyRequestsException",
		},
		IntervalSeconds: 1, BackoffRate: 2, MaxDelaySeconds: 60, MaxAttempts: 30, JitterStrategy: "FULL",
	}
}

// ErrorUnusable is the error of a task that the function cannot read, or an event in which there is no finding.
const ErrorUnusable = "Unusable"

// hopeless is not tried again; neither are other errors that say all there is to say.
func hopeless(others ...string) retrier {
	return retrier{ErrorEquals: append([]string{ErrorUnusable}, others...)}
}

// fault is everything else: what an action meets in AWS is in its record, so this is the function's own failure, or its
// store's.
func fault(attempts int, errors ...string) retrier {
	return retrier{ErrorEquals: errors, IntervalSeconds: 2, BackoffRate: 2, MaxDelaySeconds: 60, MaxAttempts: attempts, JitterStrategy: "FULL"}
}

// taskFailed and timedOut together are every error that a task can have.
const (
	taskFailed = "States.TaskFailed"
	timedOut   = "States.Timeout"
)

// retries are a task's retriers. Opening and settling are pending while a channel does not take a notice, and outlast an outage of about ten minutes: without the one a finding is
// lost, without the other nobody is told.
func retries(task string) []retrier {
	switch task {
	case TaskInline:
		return []retrier{pending(), busy(), hopeless(ErrorAsks), hiccup(), fault(3, taskFailed, timedOut)}
	case TaskStep:
		return []retrier{pending(), hopeless(), hiccup(), fault(3, taskFailed, timedOut)}
	case TaskGate: // of a playbook's tree: one that timed out has its answer, none came
		return []retrier{pending(), hopeless(ErrorSettled), hiccup(), fault(3, taskFailed)}
	case TaskSettle:
		return []retrier{pending(), busy(), hopeless(), hiccup(), fault(15, taskFailed, timedOut)}
	default:
		return []retrier{pending(), hopeless(), hiccup(), fault(15, taskFailed, timedOut)}
	}
}

// stillAsked looks again, hour by hour, whether a question's time is over, as long as a question may last. An attempt is four
// events in the execution's history.
func stillAsked() retrier {
	return retrier{ErrorEquals: []string{timedOut}, IntervalSeconds: 1, BackoffRate: 1, MaxAttempts: longestApproval / askTimeout}
}

// seconds rounds up, to 1 at least.
func seconds(d float64) int { return max(1, int(math.Ceil(d))) }

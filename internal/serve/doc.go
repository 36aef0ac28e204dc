// Package serve is Cordon as one long-running process: it takes findings from an SQS queue and over HTTP, answers them a bounded
// number at once, goes on with what an earlier process left, and looks after what is contained.
//
//	SQS queue ──▶ message ─┐                ┌─ containment (a worker) ─┐
//	                       ├─▶ case stored ─┤                          ├─▶ message deleted
//	POST /findings ────────┘      │         └─ evidence (no worker) ───┘
//	                              └─▶ 202
//	store ──▶ unfinished cases, every two minutes ──▶ gone on with
//	      ──▶ contained cases, every watch.every ───▶ read back: alert, or put back
//
// Nothing is kept in memory alone: a message stays in the queue until its cases are stored and answered, and a 202 is given once
// they are stored. Findings of one target are contained one after another. A worker is free for the next finding when the
// containment is over: no containment waits for evidence.
package serve

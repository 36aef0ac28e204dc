// Package dynamodb keeps cases in one DynamoDB table, for Cordon on AWS: any number of processes, in any number of
// places, may answer from it at once. Conditions on single items decide who owns what; nothing locks, nothing scans.
//
//	pk              sk                      holds                                                decided by its condition
//	TARGET#target   OPEN                    case_id: the target's open case, while there is one  one open case a target
//	TARGET#target   CASE#opened#case        case_id: every case of the target, in order
//	TARGET#target   SUPPRESSED#finding      body, until; ttl, by which DynamoDB deletes it
//	CASE#case       CASE                    body, version, entries (journal's length), lease_*,  no change is lost; one lease
//	                                        task_token (of an approval)
//	CASE#case       RECORDS                 records: how many there are                          records are numbered
//	CASE#case       RECORD#action           body, version, seq, request, prior, after            ErrStale
//	CASE#case       JOURNAL#0000000001      body                                                 entries are only ever added
//	CASE#case       FINDING#finding         finding, raw
//	LIMIT#scope     TALLY                   body: when each case was contained; scope; ttl …     no limit is exceeded
//	PAUSE           PAUSE                   body (while paused), entries                         no entry is lost
//	PAUSE           JOURNAL#0000000001      body: who paused and resumed                         entries are only ever added
//
// Every change of a case is one transaction with its journal entries. What is too large for an item is an object in
// an [Overflow], named by its SHA-256 (attribute body_sha256 for body, and so on).
//
// The index list, which holds keys alone, has the cases by status (gsipk STATUS#status, gsisk opened#case), the
// records of notices that are unsent (gsipk UNSENT, gsisk started#case#seq) and the limits (gsipk LIMITS). Answering a finding reads the table
// only, and consistently. The index follows the table within a second or so, so [Store.Cases] by status and
// [Store.Unsent] may miss what was written just now; what they give is read from the table. A key of the index takes
// 1,000 writes a second: so many cases may be opened, or so many change their status to the same one, before DynamoDB
// throttles; a case's other changes do not touch the index.
package dynamodb

// Package awssim is a simulated AWS account: stateful, in memory, and as strict as AWS.
//
// Real aws-sdk-go-v2 clients talk to it. [Account.Config] gives an aws.Config whose middleware keeps the typed
// input at the Initialize step and answers at the Finalize step, just inside the SDK's Retry: so validation,
// paginators, waiters and the real retryer run, and no byte leaves the process.
//
//	client ─ Initialize: keep input ─ Serialize ─ Finalize: Retry ─┬─ answer ─ handler(state)
//	                                                               └─ (signing, HTTP: never reached)
//
// The account refuses what AWS refuses, with AWS's error codes. An operation that is not simulated is an error
// (UnsimulatedOperation), never a pass-through. Time is time.Now, so a testing/synctest bubble controls it.
//
// An [Organization] joins accounts: then a request is signed first, and answered by the account of its credentials.
//
// State is made of the SDK's own types where they fit. A handler validates everything before it changes anything.
package awssim

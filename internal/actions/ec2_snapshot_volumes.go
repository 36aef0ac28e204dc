package actions

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// snapshotsState is the attached volumes (device by volume id) and the case's snapshot of each. Progress is not in it.
type snapshotsState struct {
	Volumes   map[string]string         `json:"volumes"`
	Snapshots map[string]volumeSnapshot `json:"snapshots"`
}

// volumeSnapshot is the best snapshot of a volume: completed before pending before error. Errors counts failed tries.
type volumeSnapshot struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Errors int    `json:"errors,omitempty"`
	Device string `json:"device,omitempty"` // tag cordon:device
}

// snapshotTries is how many snapshots of one volume may end in error before the step fails.
const snapshotTries = 2

// snapshotAttempts is how often a passing fault is waited out.
const snapshotAttempts = 6

func snapshotVolumes() action.Action {
	return action.New(action.Spec[instanceRequest, snapshotsState]{
		ID:      "ec2.snapshot-volumes",
		Summary: "Takes a snapshot of every attached EBS volume, all of one moment where EC2 can.",
		Details: "CreateSnapshots takes all volumes of one moment (crash-consistent, 128 volumes at most); where it refuses " +
			"the set, each volume is taken by itself. A snapshot that ends in error is tried once more. The snapshots carry " +
			"the tags " + caseTag + ", " + instanceTag + " and " + deviceTag + "; they stay encrypted as their volumes are, and they cost storage " +
			"until you delete them. An instance store cannot be kept.",
		Permissions: []string{
			"ec2:CreateSnapshot", "ec2:CreateSnapshots", "ec2:CreateTags", "ec2:DescribeInstances", "ec2:DescribeSnapshots",
		},
		Irreversible: "the snapshots are evidence; delete them by hand when the case is over",
		Observe:      observeSnapshots,
		Expect: func(_ instanceRequest, prior snapshotsState) snapshotsState {
			want := snapshotsState{Volumes: prior.Volumes, Snapshots: map[string]volumeSnapshot{}}
			for id, device := range prior.Volumes {
				want.Snapshots[id] = volumeSnapshot{ID: "a new snapshot", State: string(ec2types.SnapshotStateCompleted), Device: device}
				if s := prior.Snapshots[id]; s.State == string(ec2types.SnapshotStateCompleted) {
					want.Snapshots[id] = s
				}
			}
			return want
		},
		Do:     takeSnapshots,
		Verify: verifySnapshots,
		Parts:  func(p snapshotsState) map[string]any { return asParts(p.Snapshots) },
		Without: func(p snapshotsState, parts map[string]bool) snapshotsState {
			p.Snapshots = without(p.Snapshots, parts)
			return p
		},
	})
}

// observeSnapshots asks the instance for its volumes only the first time: it may be gone before the last snapshot is
// complete.
func observeSnapshots(ctx context.Context, env *action.Env, t instanceRequest, known *snapshotsState) (snapshotsState, error) {
	p := snapshotsState{}
	if known != nil {
		p.Volumes = known.Volumes
	} else {
		i, err := describeInstance(ctx, env, t.Target.ID)
		if err != nil {
			return p, err
		}
		if p.Volumes = volumesOf(i); len(p.Volumes) == 0 {
			return p, action.Skipf("%s has no EBS volume attached", t.Target.ID)
		}
	}
	var err error
	p.Snapshots, err = caseSnapshots(ctx, env, t, p.Volumes)
	return p, err
}

func takeSnapshots(ctx context.Context, env *action.Env, t instanceRequest, prior snapshotsState) error {
	have, err := caseSnapshots(ctx, env, t, prior.Volumes)
	if err != nil {
		return err
	}
	missing := map[string]string{}
	for id, device := range prior.Volumes {
		switch s, ok := have[id]; {
		case ok && s.failed() && s.Errors >= snapshotTries:
			return fmt.Errorf("snapshot volume %s: %d snapshots ended in error, the last is %s; the volume may be damaged", id, s.Errors, s.ID)
		case !ok || s.failed():
			missing[id] = device
		}
	}
	switch {
	case len(missing) == 0:
	case len(have) == 0:
		err = snapshotInstance(ctx, env, t, missing, have)
	default:
		err = snapshotEach(ctx, env, t, missing, have)
	}
	if err == nil {
		err = tagDevices(ctx, env, prior.Volumes, have)
	}
	if cloud.Temporary(err) && env.Attempt < snapshotAttempts {
		return &action.Pending{After: env.Backoff() + 2*time.Second, Reason: "they may have been taken, and are looked for: " + err.Error()}
	}
	if cloud.Is(err, "SnapshotCreationPerVolumeRateExceeded") {
		return &action.Pending{After: 15 * time.Second, Reason: "a volume had another snapshot within 15 s: " + err.Error()}
	}
	return stillPending(env, len(prior.Volumes), have, err)
}

// stillPending is *action.Pending while a snapshot is not complete, whatever went wrong with the others: they are tried
// again meanwhile. Then it is err.
func stillPending(env *action.Env, volumes int, have map[string]volumeSnapshot, err error) error {
	waiting := 0
	for _, s := range have {
		if s.rank() == pendingRank {
			waiting++
		}
	}
	if waiting == 0 {
		return err
	}
	reason := fmt.Sprintf("%d of %d snapshots are not complete yet", waiting, volumes)
	if err != nil {
		reason += "; " + err.Error()
	}
	return &action.Pending{After: env.Backoff(), Reason: reason}
}

// snapshotInstance takes the whole instance in one call, and volume by volume where EC2 refuses that.
func snapshotInstance(
	ctx context.Context, env *action.Env, t instanceRequest, volumes map[string]string, have map[string]volumeSnapshot,
) error {
	out, err := env.EC2.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{
		InstanceSpecification: &ec2types.InstanceSpecification{InstanceId: &t.Target.ID},
		Description:           aws.String("Cordon case " + t.Case + ": " + t.Target.ID),
		TagSpecifications:     snapshotTags(t, ""),
	}, once)
	switch {
	case err == nil:
		for _, s := range out.Snapshots {
			have[aws.ToString(s.VolumeId)] = volumeSnapshot{ID: aws.ToString(s.SnapshotId), State: string(s.State)}
		}
	case cloud.Denied(err), cloud.BadCredentials(err), cloud.Temporary(err), ctx.Err() != nil,
		cloud.Is(err, "SnapshotCreationPerVolumeRateExceeded"):
		return instanceError("snapshot", t.Target.ID, err)
	default:
		env.Note("not of one moment: EC2 refused one snapshot of all volumes (%s), so each was taken by itself", cloud.Code(err))
	}
	missing := map[string]string{}
	for id, device := range volumes {
		if _, ok := have[id]; !ok {
			missing[id] = device
		}
	}
	return snapshotEach(ctx, env, t, missing, have)
}

func verifySnapshots(_ instanceRequest, prior, after snapshotsState) error {
	for _, id := range sortedKeys(prior.Volumes) {
		if s := after.Snapshots[id]; s.State != string(ec2types.SnapshotStateCompleted) {
			return fmt.Errorf("volume %s has no complete snapshot (%s %s)", id, s.ID, s.State)
		}
	}
	return nil
}

package actions

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// The tags of what Cordon makes for a case.
const (
	caseTag     = "cordon:case"
	instanceTag = "cordon:instance"
	deviceTag   = "cordon:device"
)

func (s volumeSnapshot) failed() bool { return s.State == string(ec2types.SnapshotStateError) }

// The ranks of a snapshot by its state: the higher the better.
const (
	errorRank = iota
	pendingRank
	completedRank
)

func (s volumeSnapshot) rank() int {
	switch ec2types.SnapshotState(s.State) {
	case ec2types.SnapshotStateCompleted:
		return completedRank
	case ec2types.SnapshotStateError:
		return errorRank
	default:
		return pendingRank
	}
}

// caseSnapshots finds the case's snapshots of the instance's volumes by their tags, the best of each volume.
func caseSnapshots(
	ctx context.Context, env *action.Env, t instanceRequest, volumes map[string]string,
) (map[string]volumeSnapshot, error) {
	best := map[string]volumeSnapshot{}
	failed := map[string]int{}
	pages := ec2.NewDescribeSnapshotsPaginator(env.EC2, &ec2.DescribeSnapshotsInput{
		OwnerIds: []string{"self"},
		Filters:  []ec2types.Filter{filter("tag:"+caseTag, t.Case), filter("tag:"+instanceTag, t.Target.ID)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("find the snapshots of case", t.Case, err)
		}
		for _, s := range page.Snapshots {
			volume := aws.ToString(s.VolumeId)
			if _, ours := volumes[volume]; !ours {
				continue
			}
			one := volumeSnapshot{ID: aws.ToString(s.SnapshotId), State: string(s.State)}
			for _, tag := range s.Tags {
				if aws.ToString(tag.Key) == deviceTag {
					one.Device = aws.ToString(tag.Value)
				}
			}
			if one.failed() {
				failed[volume]++
			}
			if b, ok := best[volume]; !ok || one.rank() > b.rank() || (one.rank() == b.rank() && one.ID < b.ID) {
				best[volume] = one
			}
		}
	}
	for volume, s := range best {
		s.Errors = failed[volume]
		best[volume] = s
	}
	return best, nil
}

// once keeps the SDK from taking a snapshot twice where the answer to the first was lost.
func once(o *ec2.Options) { o.Retryer = cloud.Once() }

// snapshotEach takes each volume by itself and adds the new snapshots to have.
func snapshotEach(
	ctx context.Context, env *action.Env, t instanceRequest, volumes map[string]string, have map[string]volumeSnapshot,
) error {
	var mu sync.Mutex
	return each(sortedKeys(volumes), func(id string) error {
		out, err := env.EC2.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{
			VolumeId:          &id,
			Description:       aws.String("Cordon case " + t.Case + ": " + t.Target.ID + " " + volumes[id]),
			TagSpecifications: snapshotTags(t, volumes[id]),
		}, once)
		if err != nil {
			return wrap("snapshot volume", id, err)
		}
		mu.Lock()
		defer mu.Unlock()
		have[id] = volumeSnapshot{ID: aws.ToString(out.SnapshotId), State: string(out.State), Device: volumes[id]}
		return nil
	})
}

// tagDevices names the device on snapshots that lack it: CreateSnapshots gives all of them the same tags.
func tagDevices(ctx context.Context, env *action.Env, volumes map[string]string, have map[string]volumeSnapshot) error {
	var ids []string
	for _, id := range sortedKeys(have) {
		if s := have[id]; s.Device == "" && volumes[id] != "" {
			ids = append(ids, id)
		}
	}
	return each(ids, func(id string) error {
		return createTags(ctx, env, have[id].ID, map[string]string{deviceTag: volumes[id]})
	})
}

// snapshotTags are the tags that a snapshot of the case is made with; device may be "".
func snapshotTags(t instanceRequest, device string) []ec2types.TagSpecification {
	tags := map[string]string{caseTag: t.Case, instanceTag: t.Target.ID, "Name": "cordon " + t.Case + " " + t.Target.ID}
	if device != "" {
		tags[deviceTag] = device
		tags["Name"] += " " + device
	}
	return []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeSnapshot, Tags: ec2Tags(tags)}}
}

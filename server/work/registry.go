// SPDX-License-Identifier: Apache-2.0

package work

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/koogate/koogate/store"
)

// Queue is a queue of provisioners.
type Queue struct {
	Name string
	// Do does the jobs of a provisioner that is built in; nil when workers do them.
	Do Handler
	// Sent says that Koogate sends the jobs to whoever does them, who ends them as a worker does: nobody else leases them, and Do is nil.
	Sent bool
	// Sellers are those who have jobs done there.
	Sellers []string
}

// Registry knows the kinds of job and the queues. The zero Registry is empty. Safe for concurrent use.
type Registry struct {
	mu       sync.RWMutex
	kinds    map[store.TaskKind]Kind
	own      map[string]store.TaskKind // the kinds of Koogate's own, by queue
	provided func() map[string]Queue   // by name; nil for none
}

// Register adds kinds. It panics on a kind that cannot be, or whose name or queue another has: that is a fault of the program.
func (r *Registry) Register(kinds ...Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kinds == nil {
		r.kinds, r.own = make(map[store.TaskKind]Kind), make(map[string]store.TaskKind)
	}
	for _, k := range kinds {
		if err := k.check(); err != nil {
			panic(err)
		}
		if _, taken := r.kinds[k.Name]; taken {
			panic(fmt.Errorf("work: kind %s is registered twice", k.Name))
		}
		r.kinds[k.Name] = k
		if k.Workers {
			continue
		}
		if other, taken := r.own[k.Queue]; taken {
			panic(fmt.Errorf("work: kinds %s and %s have the queue %s", other, k.Name, k.Queue))
		}
		r.own[k.Queue] = k.Name
	}
}

// Provide says which queues the provisioners have now, in place of those that it said before. Runners follow with their next look.
func (r *Registry) Provide(queues ...Queue) {
	named := Named(queues...)
	r.ProvideFrom(func() map[string]Queue { return named })
}

// ProvideFrom is Provide for queues that change: provided tells those that there are now, by name, and nobody changes what it returns.
func (r *Registry) ProvideFrom(provided func() map[string]Queue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.provided = provided
}

// Named are queues by name.
func Named(queues ...Queue) map[string]Queue {
	named := make(map[string]Queue, len(queues))
	for _, q := range queues {
		named[q.Name] = q
	}
	return named
}

// queues are the queues of provisioners that there are now.
func (r *Registry) queues() map[string]Queue {
	if r.provided == nil {
		return nil
	}
	return r.provided()
}

// Kind returns a kind.
func (r *Registry) Kind(name store.TaskKind) (Kind, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, ok := r.kinds[name]
	return k, ok
}

// ForWorkers says whether workers do jobs of a kind. Of a kind that is not registered nobody knows how its jobs end, so they are
// not for workers.
func (r *Registry) ForWorkers(kind store.TaskKind) bool {
	k, ok := r.Kind(kind)
	return ok && k.Workers
}

// Serves says whether a queue is known, and whether workers serve it.
func (r *Registry) Serves(queue string) (workers, known bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if _, own := r.own[queue]; own {
		return false, true
	}
	q, known := r.queues()[queue]
	return q.Do == nil && known, known
}

// Sent says whether the jobs of a queue are sent to whoever does them, so that no worker leases them.
func (r *Registry) Sent(queue string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.queues()[queue].Sent
}

// standing are the kinds of which a seller, or nobody, has a standing job.
func (r *Registry) standing(seller string) []Kind {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []Kind
	for _, k := range r.kinds {
		if k.Standing && k.Nobody == (seller == "") {
			list = append(list, k)
		}
	}
	return list
}

// here are the queues whose jobs this process does for a seller, or for nobody, in the order of their names.
func (r *Registry) here(seller string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var names []string
	for queue, kind := range r.own {
		if r.kinds[kind].Nobody == (seller == "") {
			names = append(names, queue)
		}
	}
	for name, q := range r.queues() {
		if q.Do != nil && seller != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// named says whether a seller has jobs done in a queue of provisioners. all are the names of those queues.
func (r *Registry) named(seller, queue string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Contains(r.queues()[queue].Sellers, seller)
}

func (r *Registry) namedQueues(seller string) []string {
	r.mu.RLock()
	all := slices.Sorted(maps.Keys(r.queues()))
	r.mu.RUnlock()
	return slices.DeleteFunc(all, func(queue string) bool { return !r.named(seller, queue) })
}

// owned says whether a queue is Koogate's own.
func (r *Registry) owned(queue string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, own := r.own[queue]
	return own
}

// handler returns what does the jobs of a queue in this process.
func (r *Registry) handler(queue string) (Handler, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if kind, own := r.own[queue]; own {
		return r.kinds[kind].Do, true
	}
	q := r.queues()[queue]
	return q.Do, q.Do != nil
}
